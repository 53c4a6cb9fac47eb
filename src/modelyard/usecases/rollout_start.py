"""What a rollout begins with: checked, and with all that was left out. Pure."""

import math
from collections.abc import Sequence
from datetime import datetime

import msgspec

from modelyard.domain.errors import BadInput, Conflict, NotFound
from modelyard.domain.names import short_id
from modelyard.domain.rollouts import Rollout
from modelyard.domain.services import Revision, Service, ServiceVersion
from modelyard.domain.traffic import BUCKETS, tenths
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.rollout_metrics import guardrails, term
from modelyard.usecases.rollout_splits import begun_from
from modelyard.usecases.rollout_standing import Rows, rows, stored
from modelyard.usecases.rollout_terms import Terms, compared
from modelyard.usecases.traffic_rules import effective
from modelyard.wire.rollouts import RolloutRequest

MOST_STEPS = 50


def made(
    service: Service,
    versions: Sequence[ServiceVersion],
    revisions: Sequence[Revision],
    request: RolloutRequest,
    now: datetime,
    who: str,
) -> Rollout:
    """The rollout as it begins. Raises BadInput, NotFound, Conflict, naming what is wrong."""
    control = request.control or service.default_version
    steps = _steps(request)
    _check_service(service, versions)
    candidate_rows = _found(service, versions, revisions, request.candidate)
    control_rows = _found(service, versions, revisions, control)
    _check_pair(service, request.candidate, control, steps)
    contents = {}
    for name, found in ((request.candidate, candidate_rows), (control, control_rows)):
        standing = stored(found)
        if standing.failed:
            raise Conflict(f"Version {name!r} cannot be rolled out: {standing.failed}")
        contents[name] = standing.content
    terms = _terms(request, contents, by_user=bool(service.traffic.sticky))
    return Rollout(
        id=short_id("o"),
        workspace=service.workspace,
        service=service.id,
        name=service.name,
        candidate=request.candidate,
        control=control,
        steps=steps,
        created=now,
        updated=now,
        plan=msgspec.to_builtins(terms),
        before=begun_from(service),
        created_by=who,
    )


def _steps(request: RolloutRequest) -> tuple[int, ...]:
    if not 0 < len(request.steps) <= MOST_STEPS:
        raise BadInput(f"steps must be 1 to {MOST_STEPS} shares in percent.")
    steps = tuple(tenths(share, request.candidate) for share in request.steps)
    for position, share in enumerate(steps):
        if share < 1:
            raise BadInput("steps must be 0.1 % at least: a step of 0 % shows nothing.")
        if position and share <= steps[position - 1]:
            raise BadInput(
                f"steps must grow: {request.steps[position]:g} comes after "
                f"{request.steps[position - 1]:g}."
            )
    if not compared(steps):
        raise BadInput(
            "steps need one under 100 %: at 100 % there is nothing to compare the candidate with."
        )
    return steps


def _check_service(service: Service, versions: Sequence[ServiceVersion]) -> None:
    name = service.name
    if service.deleting:
        raise Conflict(f"Service {name!r} is being deleted.")
    if not service.enabled:
        raise Conflict(f"Service {name!r} is stopped. Start it first.")
    if service.traffic.closed:
        raise Conflict(f"Service {name!r} is closed: no version has traffic. Give it some first.")
    switching = next((v.name for v in versions if v.switch is not None), None)
    if switching is not None:
        raise Conflict(
            f"Version {switching!r} of service {name!r} is about to take all traffic "
            "(blue-green). Wait until it has."
        )


def _found(
    service: Service, versions: Sequence[ServiceVersion], revisions: Sequence[Revision], name: str
) -> Rows:
    found = rows(versions, revisions, name)
    if found is None:
        hint = did_you_mean(name, [v.name for v in versions if not v.deleting])
        raise NotFound(f"Service {service.name!r} has no version {name!r}. {hint}")
    return found


def _check_pair(service: Service, candidate: str, control: str, steps: Sequence[int]) -> None:
    if candidate == control:
        raise BadInput(
            f"Version {candidate!r} cannot be compared with itself. Name another candidate, or "
            "another control than the default version."
        )
    shares = effective(service)
    if not shares.get(control):
        raise Conflict(
            f"Version {control!r} has no traffic, so nothing can be compared with it. Name "
            "another control, or give it a share."
        )
    present = shares.get(candidate, 0)
    if present > steps[0]:
        raise Conflict(
            f"Version {candidate!r} has {present / 10:g} % of the traffic already, the first step "
            f"is {steps[0] / 10:g} %. Begin with {present / 10:g} % or more."
        )
    if present >= BUCKETS:
        raise Conflict(f"Version {candidate!r} has all traffic already.")


def _terms(request: RolloutRequest, contents: dict[str, str], *, by_user: bool) -> Terms:
    if request.promote not in {"propose", "automatic"}:
        raise BadInput(f"promote must be 'propose' or 'automatic', not {request.promote!r}.")
    _check_number("step_seconds", request.step_seconds, 0)
    if request.step_users < 1:
        raise BadInput(f"step_users must be 1 or more, not {request.step_users}.")
    if request.max_seconds is not None:
        _check_number("max_seconds", request.max_seconds, request.step_seconds)
    terms = Terms(
        metric=None if request.metric is None else term(request.metric, guardrail=False),
        guardrails=guardrails(request.guardrails),
        alpha=request.alpha,
        prove_guardrails=request.prove_guardrails,
        step_seconds=request.step_seconds,
        step_users=request.step_users,
        automatic=request.promote == "automatic",
        max_seconds=request.max_seconds,
        by_user=by_user,
        contents=contents,
    )
    terms.plan(1)  # raises for a level that is none, for names that are there twice, …
    return terms


def _check_number(name: str, value: float, least: float) -> None:
    if not math.isfinite(value) or value < least:
        raise BadInput(f"{name} must be {least:g} seconds or more, not {value:g}.")

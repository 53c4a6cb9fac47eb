"""What each move of a rollout writes, and the event it leaves. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from modelyard.domain.events import Event
from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.services import Edit, Service, ServiceVersion
from modelyard.domain.traffic import Split, Traffic
from modelyard.usecases.events import OURSELVES, event, traffic_facts
from modelyard.usecases.rollout_judging import Evidence, Judgement, judgement_of
from modelyard.usecases.rollout_splits import to_go_back_to
from modelyard.usecases.rollout_terms import terms_of
from modelyard.usecases.traffic_rules import effective, unshadowed, with_split


def wanted(rollout: Rollout, step: int, now: datetime) -> Rollout:
    """The step shall come into force."""
    return replace(rollout, step=step, since=None, reasons=(), updated=now)


def begun(rollout: Rollout, now: datetime) -> Rollout:
    """The wanted step is in force from ``now`` on."""
    share = rollout.steps[rollout.step]
    entry = _entry("step", share, now, _grounds(rollout))
    return replace(rollout, since=now, reasons=(), updated=now, history=(*rollout.history, entry))


def looked(
    rollout: Rollout, evidence: Evidence | None, judgement: Judgement, now: datetime
) -> Rollout:
    """What was seen; None keeps what was known."""
    seen = rollout.seen if evidence is None else _document(evidence)
    return replace(rollout, seen=seen, verdict=_document(judgement), updated=now)


def said(rollout: Rollout, why: str, now: datetime) -> Rollout:
    """What is waited for."""
    return replace(rollout, reasons=(why,) if why else (), updated=now)


def proposed(rollout: Rollout, now: datetime) -> Rollout:
    """A person shall decide."""
    entry = _entry("proposed", rollout.steps[rollout.step], now, _grounds(rollout))
    return replace(
        rollout,
        state=RolloutState.PROPOSED,
        reasons=(),
        updated=now,
        history=(*rollout.history, entry),
    )


def ending(
    rollout: Rollout, state: RolloutState, reasons: tuple[str, ...], now: datetime
) -> Rollout:
    """How it shall end, and why; traffic is moved next."""
    return replace(rollout, ending=state, reasons=reasons, updated=now)


def ended(
    rollout: Rollout, state: RolloutState, more: tuple[str, ...], share: int, now: datetime
) -> Rollout:
    """It has ended; the candidate has ``share`` tenths of a percent."""
    reasons = (*rollout.reasons, *more)
    entry = _entry(state.value, share, now, " ".join(reasons))
    return replace(
        rollout,
        state=state,
        ending=None,
        reasons=reasons,
        updated=now,
        history=(*rollout.history, entry),
    )


def traffic(service: Service) -> tuple[Traffic, str]:
    """What a move of traffic is based on."""
    return service.traffic, service.default_version


def moved(
    rollout: Rollout,
    service: Service,
    versions: Sequence[ServiceVersion],
    split: Split,
    now: datetime,
) -> Edit:
    """The service's traffic split so; versions with traffic that were to be stopped go on."""
    after = replace(unshadowed(with_split(service, split)), updated=now)
    after = replace(after, traffic=replace(after.traffic, previous=to_go_back_to(rollout, split)))
    served = [version for version in versions if version.name in effective(after)]
    kept_up = tuple(replace(v, stop_at=None) for v in served if v.stop_at is not None)
    what = rollout.ending or f"step {rollout.step + 1} of {len(rollout.steps)}"
    note = event(
        service,
        now,
        OURSELVES,
        "traffic",
        before=traffic_facts(service),
        after=traffic_facts(after),
        why=f"rollout {rollout.id} of {rollout.candidate!r}: {what}",
    )
    return Edit(after, kept_up, events=(note,))


def told(before: Rollout, after: Rollout, who: str = "", what: str = "", why: str = "") -> Event:
    """The event of a move: what the last entry of the history says, unless told otherwise."""
    last: Any = after.history[-1] if after.history else {}
    return Event(
        workspace=after.workspace,
        service=after.name,
        time=after.updated,
        who=who or OURSELVES,
        what=f"rollout {what or last.get('what', 'started')}",
        version=after.candidate,
        before=_facts(before),
        after=_facts(after),
        why=why or str(last.get("why", "")),
    )


def _facts(rollout: Rollout) -> dict[str, Any]:
    share = rollout.history[-1]["share"] / 10 if rollout.history else None
    return {"rollout": rollout.id, "state": rollout.state.value, "share": share}


def _entry(what: str, share: int, now: datetime, why: str) -> dict[str, Any]:
    return {"time": now.isoformat(), "what": what, "share": share, "why": why}


def _grounds(rollout: Rollout) -> str:
    """Why the next step may come: what was seen in the one before."""
    judgement = judgement_of(rollout)
    if judgement is None:
        return ""
    control, candidate = judgement.users
    units = terms_of(rollout).units
    return f"Nothing is breached after {control:,} and {candidate:,} {units}."


def _document(value: object) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return document

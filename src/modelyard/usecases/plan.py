"""
What to do next for one version of a service. Pure, so that every rule of a rollout is a test.

A revision goes pending -> starting -> ready (live) -> draining -> stopped, or to failed. The new
one is routed to before the old one is drained, and the old one is stopped when nothing needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.domain.environments import Build, BuildState
from modelyard.domain.fronts import FrontState, FrontStatus
from modelyard.domain.services import Revision, RevisionState, Service, ServiceVersion
from modelyard.usecases.steps import (
    Action,
    Await,
    Drain,
    Fail,
    Forget,
    GoDark,
    GoLive,
    MarkReady,
    Prepare,
    Retire,
    Stop,
    StopFront,
)

KEPT = 3
"""Records of revisions that are kept per version, the newest ones."""

GRACE = 1.0
"""Seconds after a switch in which a request that chose the old front may still reach it."""

LATE = 60.0
"""Seconds beyond ``init_timeout`` after which a front that never answered is given up."""

DELETE_PATIENCE = 10.0
"""Seconds that requests under way get when their service is deleted."""


@dataclass(frozen=True, slots=True)
class Situation:
    """
    One service version as it is.

    ``asked``: revisions whose fronts shall run, as the target says. ``preparing``: those that a
    thread is laying out now. ``routed``: those that the table in force leads requests to;
    ``in_force`` says whether the stored routes are. ``settled``: no older gateway process lives.
    ``waited``: seconds since each revision was first seen in its present state. ``blocked`` says
    why the service's own port cannot be opened.
    """

    service: Service
    version: ServiceVersion
    revisions: tuple[Revision, ...]
    fronts: Mapping[str, FrontStatus] = field(default_factory=dict)
    builds: Mapping[str, Build] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    preparing: frozenset[str] = frozenset()
    routed: frozenset[str] = frozenset()
    in_force: bool = True
    settled: bool = True
    waited: Mapping[str, float] = field(default_factory=dict)
    blocked: str = ""

    def front(self, revision: Revision) -> FrontStatus:
        """What its front says; GONE when nobody was asked or nobody answers."""
        return self.fronts.get(revision.id) or FrontStatus(revision.id, FrontState.GONE)


def plan(situation: Situation) -> list[Action]:
    """What to do next; nothing while something is under way."""
    s = situation
    shall_serve = runs(s.service, s.version)
    actions: list[Action] = []
    for revision in s.revisions:
        if revision.id in s.preparing:
            continue
        if not shall_serve:
            actions += _wind_down(s, revision)
        elif revision.number == s.version.wanted:
            actions += _bring_up(s, revision)
        else:
            actions += _keep_or_retire(s, revision)
    return actions


def runs(service: Service, version: ServiceVersion) -> bool:
    """Whether the fronts of a version shall run."""
    gone = service.deleting or version.deleting
    return service.enabled and version.enabled and not gone


def finished(situation: Situation) -> bool:
    """Whether nothing of a deleted service or version runs any more."""
    ended = {RevisionState.STOPPED, RevisionState.FAILED}
    return (
        situation.in_force
        and not situation.preparing
        and all(r.state in ended and r.id not in situation.asked for r in situation.revisions)
    )


def _bring_up(s: Situation, wanted: Revision) -> list[Action]:
    match wanted.state:
        case RevisionState.PENDING:
            return _after_build(s, wanted)
        case RevisionState.STARTING:
            return _after_start(s, wanted)
        case RevisionState.READY:
            return _after_ready(s, wanted)
        case RevisionState.DRAINING:
            return _finish(s, wanted)
        case RevisionState.STOPPED:
            return [Await(wanted)]
        case RevisionState.FAILED:
            return [StopFront(wanted)] if wanted.id in s.asked else []


def _after_build(s: Situation, wanted: Revision) -> list[Action]:
    build = s.builds.get(wanted.content.recipe)
    if build is None:
        return [Fail(wanted, {"type": "NotFound", "message": "Its environment is not known."})]
    if build.state is BuildState.FAILED:
        error = {
            "type": "EnvironmentBuildFailed",
            "message": build.error or "",
            "build": build.digest,
        }
        return [Fail(wanted, error)]
    return [Prepare(wanted)] if build.state is BuildState.SUCCEEDED else []


def _after_start(s: Situation, wanted: Revision) -> list[Action]:
    front = s.front(wanted)
    serving = wanted.content.serving
    late = s.waited.get(wanted.id, 0.0) > serving.init_timeout + LATE
    if front.state is FrontState.FAILED:
        return [Fail(wanted, front.error or {"type": "Failed", "message": "The front failed."})]
    if wanted.id not in s.asked:
        return [Prepare(wanted)]
    ready = front.asleep or front.ready_workers >= serving.workers  # it sleeps after it was ready
    if front.state is FrontState.READY and (ready or late):
        return [MarkReady(wanted)]
    if late:
        message = (
            f"The front did not become ready within {serving.init_timeout + LATE:g} s; its last "
            f"state was {front.state}. See the service's logs."
        )
        return [Fail(wanted, {"type": "Timeout", "message": message})]
    return []


def _after_ready(s: Situation, wanted: Revision) -> list[Action]:
    actions: list[Action] = [] if wanted.id in s.asked else [Prepare(wanted)]
    if s.version.live == wanted.number:
        return actions
    if s.blocked:
        return [Fail(wanted, {"type": "GatewayFailed", "message": s.blocked})]
    if s.in_force and wanted.id in s.routed:
        actions.append(GoLive(wanted))
    return actions


def _keep_or_retire(s: Situation, old: Revision) -> list[Action]:
    if old.number == s.version.live:
        return [] if old.id in s.asked else [Prepare(old)]
    match old.state:
        case RevisionState.PENDING | RevisionState.STARTING:
            return [Stop(old)]
        case RevisionState.READY:
            return [Retire(old)]
        case RevisionState.DRAINING:
            return _finish(s, old)
        case RevisionState.STOPPED | RevisionState.FAILED:
            return _tidy(s, old)


def _tidy(s: Situation, old: Revision) -> list[Action]:
    if old.id in s.asked:
        return [StopFront(old)]
    newest = sorted((r.number for r in s.revisions), reverse=True)[:KEPT]
    return [] if old.number in newest else [Forget(old)]


def _wind_down(s: Situation, revision: Revision) -> list[Action]:
    match revision.state:
        case RevisionState.PENDING | RevisionState.STARTING:
            return [Stop(revision)]
        case RevisionState.READY:
            if not s.in_force or revision.id in s.routed:
                return []
            live = revision.number == s.version.live
            return [GoDark(revision), Retire(revision)] if live else [Retire(revision)]
        case RevisionState.DRAINING:
            return _finish(s, revision)
        case RevisionState.STOPPED | RevisionState.FAILED:
            return [StopFront(revision)] if revision.id in s.asked else []


def _finish(s: Situation, old: Revision) -> list[Action]:
    """
    Let it finish its requests.

    It is told to drain only when no older gateway process could still send it something.
    """
    if not s.in_force or old.id in s.routed:
        return []
    front = s.front(old)
    waited = s.waited.get(old.id, 0.0)
    serving = old.content.serving
    patience = serving.scoring_timeout + serving.queue_wait + 5
    if serving.idle_timeout is not None:
        patience += serving.cold_start_timeout
    if s.service.deleting or s.version.deleting:
        patience = min(patience, DELETE_PATIENCE)
    dead = front.state in {FrontState.GONE, FrontState.FAILED}
    if dead or old.id not in s.asked or waited >= patience:
        return [Stop(old)]
    if not s.settled or waited < GRACE:
        return []
    if front.state is not FrontState.DRAINING:
        return [Drain(old)]
    return [Stop(old)] if front.in_flight == 0 and front.queued == 0 else []

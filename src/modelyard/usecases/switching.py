"""
Blue/green: a version takes all traffic by itself once it is ready; those before it stop later.

What is to come stands in the versions' own records, and each step of it is one transaction: a
control plane that is killed at any moment leaves the step before or the step after, and the next
one goes on from there.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from modelyard.domain.errors import NotLeader
from modelyard.domain.fronts import FrontState
from modelyard.domain.services import (
    Edit,
    Revision,
    RevisionState,
    Service,
    ServiceVersion,
    Stored,
)
from modelyard.domain.traffic import Split
from modelyard.ports import Clock, ServiceStore, Target
from modelyard.usecases.events import event, traffic_facts
from modelyard.usecases.leading import Steps
from modelyard.usecases.plan import runs
from modelyard.usecases.reconcile import IDLE, MOVING, SOON
from modelyard.usecases.traffic_rules import (
    answering,
    has_traffic,
    ready_names,
    unshadowed,
    with_split,
    with_stand_in,
)

_log = logging.getLogger(__name__)


class Due(StrEnum):
    """What is to be done with a version."""

    TAKE_OVER = "take over"
    GIVE_UP = "give up"
    STOP = "stop"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Step:
    """Something due of a version; ``revision`` is what takes over or has failed."""

    due: Due
    version: ServiceVersion
    revision: Revision | None = None


def due(
    service: Service,
    versions: Sequence[ServiceVersion],
    revisions: Sequence[Revision],
    now: datetime,
) -> list[Step]:
    """What is due of a service, and what is waited for. Pure."""
    steps = []
    for version in versions:
        if not runs(service, version):
            continue
        if version.switch is not None:
            key = (version.name, version.wanted)
            wanted = next((r for r in revisions if (r.version, r.number) == key), None)
            steps.append(_switch(version, wanted))
        elif version.stop_at is not None and version.stop_at <= now:
            steps.append(Step(Due.STOP, version))
    return steps


def _switch(version: ServiceVersion, wanted: Revision | None) -> Step:
    if wanted is None or wanted.state is RevisionState.FAILED:
        return Step(Due.GIVE_UP, version, wanted)
    if wanted.state is RevisionState.READY and version.live == version.wanted:
        return Step(Due.TAKE_OVER, version, wanted)
    return Step(Due.WAIT, version, wanted)


def taken_over(
    service: Service, versions: Sequence[ServiceVersion], name: str, now: datetime
) -> Edit:
    """
    All traffic to that version; who had some before goes on running for a while. Pure.

    Nothing changes when the version does not wait for it any more: somebody decided otherwise.
    """
    version = next((v for v in versions if v.name == name), None)
    if version is None or version.switch is None or version.live != version.wanted:
        return Edit(service)
    moved = with_split(service, Split({}, name))
    after = unshadowed(with_stand_in(service, moved, ready_names(versions)))
    changed = [replace(version, switch=None, stop_at=None, updated=now)]
    for other in versions:
        if other.name != name and has_traffic(service, other.name):
            stop_at = now + timedelta(seconds=version.keep_warm)
            changed.append(replace(other, stop_at=stop_at, updated=now))
    told = event(
        service,
        now,
        "",
        "switched",
        version=name,
        before=traffic_facts(service),
        after=traffic_facts(after),
        why=f"blue/green: version {name} is ready",
    )
    return Edit(after, tuple(changed), events=(told,))


def given_up(
    service: Service,
    versions: Sequence[ServiceVersion],
    name: str,
    failed: Revision | None,
    now: datetime,
) -> Edit:
    """The version does not take over: its revision failed. Traffic stays as it is. Pure."""
    version = next((v for v in versions if v.name == name), None)
    number = failed.number if failed else None
    if version is None or version.switch is None or number not in {None, version.wanted}:
        return Edit(service)
    said = (failed.error or {}).get("message", "") if failed else "its content is gone"
    told = event(
        service,
        now,
        "",
        "switch given up",
        version=name,
        before={"switching": [name]},
        after={"switching": []},
        why=f"blue/green: version {name} did not become ready: {said}",
    )
    return Edit(service, (replace(version, switch=None, updated=now),), events=(told,))


def relieved(service: Service, versions: Sequence[ServiceVersion]) -> Edit:
    """The default version is ready: nobody stands in for it from now on. Pure."""
    if service.default_version not in ready_names(versions):
        return Edit(service)
    return Edit(replace(service, traffic=replace(service.traffic, stand_in="")))


def stopped(
    service: Service, versions: Sequence[ServiceVersion], name: str, now: datetime
) -> Edit:
    """A version that was kept warm stops, unless it has traffic again. Pure."""
    version = next((v for v in versions if v.name == name), None)
    if version is None or version.stop_at is None or version.stop_at > now:
        return Edit(service)
    if has_traffic(service, name) or answering(service, ready_names(versions)) == name:
        return Edit(service, (replace(version, stop_at=None, updated=now),))
    told = event(
        service,
        now,
        "",
        "version stopped",
        version=name,
        before={"enabled": True},
        after={"enabled": False},
        why="another version took over, and the time that it was kept warm for is over",
    )
    off = replace(version, enabled=False, stop_at=None, updated=now)
    return Edit(service, (off,), events=(told,))


class Switching:
    """
    Steps of a leader that also does what is due of versions.

    ``stored`` gives what the last of the ``inner`` steps read.
    """

    def __init__(
        self,
        inner: Steps,
        stored: Callable[[], Iterable[Stored]],
        services: ServiceStore,
        target: Target,
        clock: Clock,
    ) -> None:
        self._inner = inner
        self._stored = stored
        self._services = services
        self._target = target
        self._clock = clock

    def step(self) -> float:
        """Raises NotLeader when another control plane has taken over."""
        pause = self._inner.step()
        for one in self._stored():
            try:
                pause = min(pause, self._look(one))
            except NotLeader:
                raise
            except Exception:  # noqa: BLE001 - one broken service must not hold up the others
                _log.exception("service %s/%s", one.service.workspace, one.service.name)
        return pause

    def _look(self, one: Stored) -> float:
        service = one.service
        if service.traffic.stand_in and service.default_version in ready_names(one.versions):
            self._services.edit(service.id, relieved)
        if all(v.switch is None and v.stop_at is None for v in one.versions):
            return IDLE
        now = self._clock.now()
        steps = due(one.service, one.versions, one.revisions, now)
        acted = [self._do(one.service, step, now) for step in steps]
        if any(acted):
            return SOON
        return MOVING if steps else IDLE

    def _do(self, service: Service, step: Step, now: datetime) -> bool:
        """Whether something was changed."""
        name, revision = step.version.name, step.revision
        if step.due is Due.WAIT or (step.due is Due.TAKE_OVER and not self._answers(revision)):
            return False
        _log.info("%s/%s version %s: %s", service.workspace, service.name, name, step.due.value)

        def decide(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            if step.due is Due.TAKE_OVER:
                return taken_over(present, versions, name, now)
            if step.due is Due.GIVE_UP:
                return given_up(present, versions, name, revision, now)
            return stopped(present, versions, name, now)

        self._services.edit(service.id, decide)
        return True

    def _answers(self, revision: Revision | None) -> bool:
        """Whether its front is there and ready at this moment."""
        if revision is None:
            return False
        return self._target.observe([revision.id])[revision.id].state is FrontState.READY

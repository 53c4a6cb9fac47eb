"""Brings about what is wanted: looks, plans, acts, again and again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from modelyard.domain.environments import Build
from modelyard.domain.errors import GatewayFailed, NotFound, NotLeader
from modelyard.domain.fronts import FrontStatus
from modelyard.domain.routing import RoutingTable
from modelyard.domain.services import Revision, RevisionState, ServiceVersion, Stored
from modelyard.ports import Clock, EnvironmentStore, Gateway, ServiceStore, Target
from modelyard.usecases.actions import Actor
from modelyard.usecases.builds import Builds
from modelyard.usecases.in_force import InForce
from modelyard.usecases.plan import Situation, finished, plan, runs
from modelyard.usecases.routes import routing_table, without_port
from modelyard.usecases.steps import Drain, Prepare

_log = logging.getLogger(__name__)

_MOVING = {RevisionState.PENDING, RevisionState.STARTING, RevisionState.DRAINING}
_SLOW = (Prepare, Drain)
"""Actions that take their time: looking again at once would find nothing new."""

SOON, MOVING, IDLE = 0.01, 0.2, 1.0
"""Seconds until the next look: after a change, while something moves, and else."""

_OBSERVED = {RevisionState.STARTING, RevisionState.DRAINING}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of everything at once."""

    fronts: Mapping[str, FrontStatus]
    asked: frozenset[str]
    preparing: frozenset[str]
    in_force: bool
    routed: frozenset[str]


class Reconciler:
    """One leader's. ``step`` is called by one thread only."""

    def __init__(
        self,
        services: ServiceStore,
        environments: EnvironmentStore,
        target: Target,
        gateway: Gateway,
        builds: Builds,
        actor: Actor,
        clock: Clock,
        *,
        open_allowed: bool = True,
        tokens: Callable[[], Mapping[str, str]] = dict,
        in_force: InForce | None = None,
        signing_key: str = "",
    ) -> None:
        """
        ``tokens`` and ``signing_key`` are what the gateway shall know of tokens
        (``RoutingTable``), ``in_force`` is told when it does what is stored.
        """
        self._services = services
        self._environments = environments
        self._target = target
        self._gateway = gateway
        self._builds = builds
        self._actor = actor
        self._clock = clock
        self._open_allowed = open_allowed
        self._tokens = tokens
        self._signing_key = signing_key
        self._in_force = in_force or InForce()
        self.stored: Sequence[Stored] = ()
        """What the last look read."""
        self._blocked: dict[int, str] = {}
        self._applied: RoutingTable | None = None
        self._gateway_failure = ""
        self._since: dict[str, tuple[object, float]] = {}

    def step(self) -> float:
        """
        Look at everything once and do what is due; seconds until looking again makes sense.

        Raises NotLeader when another control plane has taken over.
        """
        building = self._builds.start_all()
        # before the stores are read: what is added or done meanwhile must not look like an
        # orphan, or as if it were still to do
        asked = frozenset(self._target.running())
        preparing = self._actor.preparing()
        look = self._in_force.begin()
        stored = self.stored = self._services.everything()
        in_force = self._apply(stored)
        self._in_force.end(look, done=in_force)
        seen = Seen(self._observe(stored), asked, preparing, in_force, self._routed())
        acted = False
        for one in stored:
            try:
                acted |= self._settle(one, seen)
            except NotLeader:
                raise
            except Exception:  # noqa: BLE001 - one broken service must not hold up the others
                _log.exception("service %s/%s", one.service.workspace, one.service.name)
        acted |= self._stop_orphans(stored, asked)
        if acted:
            return SOON
        return MOVING if building or not in_force or any(map(_moving, stored)) else IDLE

    def _apply(self, stored: Sequence[Stored]) -> bool:
        """
        Let the gateway serve what is stored; whether it does.

        A local port that something else has is left out, and tried again at the next look: one
        service's trouble must not hold up the others.
        """
        table = routing_table(
            ((s.service, s.versions, s.revisions, s.keys) for s in stored),
            self._actor.places.socket,
            open_allowed=self._open_allowed,
            tokens=self._tokens(),
            signing_key=self._signing_key,
        )
        blocked: dict[int, str] = {}
        while table != self._applied:
            try:
                self._gateway.apply(table)
                self._applied = table
            except GatewayFailed as error:
                port = error.details.get("port")
                if not isinstance(port, int) or port not in {r.port for r in table.routes}:
                    self._complain(error.message)
                    return False
                blocked[port] = error.message
                table = without_port(table, port)
        self._complain("; ".join(blocked.values()))
        self._blocked = blocked
        return True

    def _routed(self) -> frozenset[str]:
        """The revisions that the gateway sends requests to, of all services: asked for once."""
        routes = (self._applied or RoutingTable()).routes
        return frozenset(
            id for r in routes for id in (r.backend, *r.versions.values()) if id is not None
        )

    def _complain(self, failure: str) -> None:
        if failure and failure != self._gateway_failure:
            _log.error("the gateway: %s", failure)
        self._gateway_failure = failure

    def _observe(self, stored: Sequence[Stored]) -> Mapping[str, FrontStatus]:
        ids = [r.id for s in stored for r in s.revisions if r.state in _OBSERVED]
        return self._target.observe(ids) if ids else {}

    def _settle(
        self,
        stored: Stored,
        seen: Seen,
    ) -> bool:
        situations = [self._situation(stored, version, seen) for version in stored.versions]
        actions = [(s, action) for s in situations for action in plan(s)]
        for situation, action in actions:
            self._actor.act(situation, action)
        if stored.service.deleting:
            if not actions and all(map(finished, situations)):
                self._actor.remove(stored.service)
                return True
        elif self._remove_versions(situations, {s.version.name for s, _ in actions}):
            return True
        return any(not isinstance(action, _SLOW) for _, action in actions)

    def _remove_versions(self, situations: Sequence[Situation], busy: AbstractSet[str]) -> bool:
        """Remove deleted versions of which nothing runs; whether there was one."""
        ended = [
            s
            for s in situations
            if s.version.deleting and s.version.name not in busy and finished(s)
        ]
        for situation in ended:
            self._actor.remove_version(situation.service, situation.version.name)
        return bool(ended)

    def _situation(
        self,
        stored: Stored,
        version: ServiceVersion,
        seen: Seen,
    ) -> Situation:
        revisions = tuple(r for r in stored.revisions if r.version == version.name)
        draining = any(r.state is RevisionState.DRAINING for r in revisions)
        return Situation(
            service=stored.service,
            version=version,
            revisions=revisions,
            fronts=seen.fronts,
            builds=self._builds_of(revisions),
            asked=seen.asked,
            preparing=seen.preparing & {r.id for r in revisions},
            routed=seen.routed,
            blocked=self._blocked.get(stored.service.port or 0, ""),
            in_force=seen.in_force,
            settled=self._gateway.settled() if draining else True,
            waited={r.id: self._waited(r, seen.routed) for r in revisions},
        )

    def _waited(self, revision: Revision, routed: frozenset[str]) -> float:
        """Seconds in the present state; a draining one counts from when it is off the route."""
        key = (revision.state, revision.id in routed)
        now = self._clock.monotonic()
        known = self._since.get(revision.id)
        if known is None or known[0] != key:
            self._since[revision.id] = (key, now)
            return 0.0
        return now - known[1]

    def _builds_of(self, revisions: Sequence[Revision]) -> dict[str, Build]:
        builds = {}
        for revision in revisions:
            if revision.state is RevisionState.PENDING:
                try:
                    build = self._environments.get_build(revision.content.recipe)
                except NotFound:
                    continue
                builds[build.digest] = build
        return builds

    def _stop_orphans(self, stored: Sequence[Stored], asked: frozenset[str]) -> bool:
        """Fronts that no record asks for: their service was removed while we were away."""
        known = {r.id for s in stored for r in s.revisions}
        orphans = asked - known
        for id in orphans:
            _log.warning("stopping the front %s, which belongs to no service", id)
            self._target.stop(id)
        for id in self._since.keys() - known:
            del self._since[id]
        return bool(orphans)


def _moving(stored: Stored) -> bool:
    ended = {RevisionState.STOPPED, RevisionState.FAILED}
    if stored.service.deleting or any(v.deleting for v in stored.versions):
        return True
    stopped = {v.name for v in stored.versions if not runs(stored.service, v)}
    return any(
        r.state not in ended if r.version in stopped else r.state in _MOVING
        for r in stored.revisions
    )

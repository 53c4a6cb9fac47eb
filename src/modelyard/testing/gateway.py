"""An in-memory gateway, and what every gateway promises (``GatewayConformance``)."""

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import pytest

from modelyard.domain.errors import GatewayFailed
from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.domain.traffic import buckets
from modelyard.ports import Gateway


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a caller got; ``code`` is that of our errors, '' when a front answered.

    ``front`` is the id of the backend that answered ('control' for the control plane, for the
    collector 'collector' and what it was told of who asks) and ``path`` what it was asked for.
    """

    status: int
    code: str = ""
    front: str | None = None
    path: str | None = None


def key_hash(key: str) -> str:
    """How a Route holds a key."""
    return hashlib.sha256(key.encode()).hexdigest().upper()


class FakeGateway:
    """
    Keeps the table; ``ask`` answers as the real one would.

    ``taken_ports`` are those that something else listens on. ``is_settled`` is what ``settled``
    says. With ``failure`` set, ``apply`` raises GatewayFailed with it.
    """

    def __init__(self, taken_ports: Collection[int] = ()) -> None:
        self.table = RoutingTable()
        self.applied: list[RoutingTable] = []
        self.taken_ports = set(taken_ports)
        self.is_settled = True
        self.failure: str | None = None

    def apply(self, table: RoutingTable) -> None:
        if self.failure is not None:
            raise GatewayFailed(self.failure)
        for route in table.routes:
            if route.port in self.taken_ports:
                raise GatewayFailed(
                    f"Something else on this machine listens on port {route.port} of "
                    f"{route.workspace}/{route.service}.",
                    details={
                        "port": route.port,
                        "service": f"{route.workspace}/{route.service}",
                    },
                )
        self.table = table
        self.applied.append(table)

    def settled(self) -> bool:
        return self.is_settled

    def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        port: int | None = None,
        version: str | None = None,
    ) -> Answer:
        """Where a request ends with the present table."""
        if port is not None:
            local = next((r for r in self.table.routes if r.port == port), None)
            if local is None:
                return Answer(0, "refused")
            return self._passed_on(local, method, path, version)
        if _is_telemetry(path):
            return self._telemetry(path, key)
        if not path.startswith("/serve/"):
            return Answer(200, front="control", path=path)
        workspace, service, *rest = [*path.split("/", 4)[2:], "", ""][:3]
        for route in self.table.routes:
            if (route.workspace, route.service) == (workspace, service):
                if not self._admitted(route, method, key):
                    return Answer(401, "unauthenticated")
                return self._passed_on(route, method, "/" + "".join(rest), version)
        return Answer(404, "not_found")

    def _telemetry(self, path: str, key: str | None) -> Answer:
        known = self.table.tokens.get(key_hash(key or ""))
        if known is None and path.startswith(("/api/", "/v1/")):
            return Answer(401, "unauthenticated")
        return Answer(200, front=f"collector {known or 'nobody'}", path=path)

    def _admitted(self, route: Route, method: str, key: str | None) -> bool:
        if route.auth is Auth.OFF or (route.cors and method == "OPTIONS"):
            return True
        if key is None:
            return False
        if route.auth is Auth.TOKEN:
            return _opens(route, key, self.table.signing_key)
        return key_hash(key) in route.key_hashes

    def _passed_on(self, route: Route, method: str, path: str, version: str | None) -> Answer:
        if (method, path) == ("POST", "/feedback"):
            to = f"/api/v1/telemetry/services/{route.workspace}/{route.service}/feedback"
            return Answer(200, front=f"collector {route.workspace}/feedback", path=to)
        unknown = version and version not in {*route.versions, *route.waiting}
        if unknown or (route.closed and not version):
            return Answer(404, "not_found")
        backend = route.versions.get(version) if version else route.backend
        if route.owners and not version:
            backend = route.versions[random.choice(buckets(route.owners))]  # noqa: S311
        if backend is None or backend not in self.table.backends:
            return Answer(503, "not_ready")
        return Answer(200, front=backend, path=path)


_TELEMETRY = (
    "/api/v1/telemetry/", "/telemetry/", "/v1/metrics", "/v1/logs", "/v1/traces",
    "/v2/track", "/v2.1/track",
)  # fmt: skip


def _is_telemetry(path: str) -> bool:
    return path.startswith(_TELEMETRY) or path == "/metrics"


def service_token(key: str, **claims: object) -> str:
    """An access token as callers of a service send it, signed with ``key``."""
    header = {"alg": "HS256", "typ": "JWT"}
    body = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    return f"{body}.{_base64(hmac.digest(key.encode(), body.encode(), 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _opens(route: Route, token: str, key: str) -> bool:
    body, _, signature = token.rpartition(".")
    own = _base64(hmac.digest(key.encode(), body.encode(), "sha256"))
    if not key or not hmac.compare_digest(signature, own):
        return False
    middle = body.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    mine = (claims.get("aud"), claims.get("sid")) == (_address(route), route.id)
    return mine and claims.get("exp", 0) > time.time()


def _address(route: Route) -> str:
    return f"{route.workspace}/{route.service}"


class GatewayHarness(Protocol):
    """A gateway with fronts and callers around it; a test's fixture makes one."""

    gateway: Gateway

    def front(self, id: str) -> Backend:
        """A front that runs and answers 200 with its id."""

    def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        port: int | None = None,
        version: str | None = None,
    ) -> Answer:
        """
        Send a request through the gateway, to the one port or to a local service's.

        ``key`` is the bearer value, ``version`` the one that the header names.
        """

    def free_port(self) -> int:
        """A port that nobody listens on."""

    def taken_port(self) -> int:
        """A port that something else listens on."""


class GatewayConformance:
    """Inherit it, and give it a fixture ``harness``."""

    def test_a_request_reaches_the_front_without_the_prefix(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_table(_route(backend="a"), harness.front("a")))

        assert harness.ask("POST", "/serve/ws/svc/score") == Answer(200, "", "a", "/score")
        assert harness.ask("GET", "/serve/ws/svc") == Answer(200, "", "a", "/")
        assert harness.ask("GET", "/serve/ws/svc/x/y") == Answer(200, "", "a", "/x/y")

    def test_an_unknown_service_is_not_found(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_table(_route(backend="a"), harness.front("a")))

        assert harness.ask("GET", "/serve/ws/other/score") == Answer(404, "not_found")
        assert harness.ask("GET", "/serve/WS/svc/score") == Answer(404, "not_found")
        assert harness.ask("GET", "/serve/ws") == Answer(404, "not_found")

    def test_a_service_without_a_front_is_not_ready(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_table(_route(backend=None)))

        assert harness.ask("GET", "/serve/ws/svc/score") == Answer(503, "not_ready")

    def test_what_is_not_a_service_goes_to_the_control_plane(
        self, harness: GatewayHarness
    ) -> None:
        harness.gateway.apply(RoutingTable())

        assert harness.ask("GET", "/api/v1/x") == Answer(200, "", "control", "/api/v1/x")

    def test_a_service_with_keys_opens_to_each_of_them_and_to_nothing_else(
        self, harness: GatewayHarness
    ) -> None:
        route = _route(backend="a", auth=Auth.KEY, keys=("first", "second"))
        harness.gateway.apply(_table(route, harness.front("a")))

        assert harness.ask("POST", "/serve/ws/svc/score", key="first").status == 200
        assert harness.ask("POST", "/serve/ws/svc/score", key="second").status == 200
        assert harness.ask("POST", "/serve/ws/svc/score", key="third").status == 401
        assert harness.ask("POST", "/serve/ws/svc/score").status == 401
        assert harness.ask("OPTIONS", "/serve/ws/svc/score").status == 401

    def test_a_key_opens_only_its_own_service(self, harness: GatewayHarness) -> None:
        mine = _route(backend="a", auth=Auth.KEY, keys=("mine",))
        other = _route("other", backend="a", auth=Auth.KEY, keys=("other",))
        harness.gateway.apply(_table((mine, other), harness.front("a")))

        assert harness.ask("POST", "/serve/ws/other/score", key="mine").status == 401

    def test_a_revoked_key_is_refused_as_soon_as_apply_returns(
        self, harness: GatewayHarness
    ) -> None:
        front = harness.front("a")
        harness.gateway.apply(
            _table(_route(backend="a", auth=Auth.KEY, keys=("old", "new")), front)
        )

        harness.gateway.apply(_table(_route(backend="a", auth=Auth.KEY, keys=("new",)), front))

        assert harness.ask("POST", "/serve/ws/svc/score", key="old").status == 401
        assert harness.ask("POST", "/serve/ws/svc/score", key="new").status == 200

    def test_tokens_are_refused_while_nobody_can_check_them(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_table(_route(backend="a", auth=Auth.TOKEN), harness.front("a")))

        assert harness.ask("POST", "/serve/ws/svc/score", key="any").status == 401

    def test_preflight_requests_need_no_key_where_cors_is_on(
        self, harness: GatewayHarness
    ) -> None:
        route = _route(backend="a", auth=Auth.KEY, keys=("k",), cors=True)
        harness.gateway.apply(_table(route, harness.front("a")))

        assert harness.ask("OPTIONS", "/serve/ws/svc/score").status == 200
        assert harness.ask("POST", "/serve/ws/svc/score").status == 401

    def test_a_switch_to_another_front_is_in_force_when_apply_returns(
        self, harness: GatewayHarness
    ) -> None:
        fronts = (harness.front("a"), harness.front("b"))
        harness.gateway.apply(_table(_route(backend="a"), *fronts))

        harness.gateway.apply(_table(_route(backend="b"), *fronts))

        assert harness.ask("POST", "/serve/ws/svc/score").front == "b"

    def test_a_new_front_is_in_force_when_apply_returns(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_table(_route(backend="a"), harness.front("a")))
        assert harness.ask("POST", "/serve/ws/svc/score").front == "a"

        harness.gateway.apply(_table(_route(backend="b"), harness.front("b")))

        assert harness.ask("POST", "/serve/ws/svc/score").front == "b"

    def test_a_removed_service_is_not_found(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_table(_route(backend="a"), harness.front("a")))

        harness.gateway.apply(RoutingTable())

        assert harness.ask("POST", "/serve/ws/svc/score") == Answer(404, "not_found")

    def test_a_local_service_answers_on_its_own_port_without_key_and_prefix(
        self, harness: GatewayHarness
    ) -> None:
        port = harness.free_port()
        route = _route(backend="a", auth=Auth.KEY, keys=("k",), port=port)
        harness.gateway.apply(_table(route, harness.front("a")))

        assert harness.ask("POST", "/score", port=port) == Answer(200, "", "a", "/score")

    def test_an_occupied_port_is_refused_by_name_and_nothing_changes(
        self, harness: GatewayHarness
    ) -> None:
        front = harness.front("a")
        port = harness.taken_port()
        harness.gateway.apply(_table(_route(backend="a"), front))

        refused = _failure(harness.gateway, _table(_route("local", backend="a", port=port), front))

        assert str(port) in refused.message
        assert "ws/local" in refused.message
        assert refused.details["port"] == port
        assert harness.ask("GET", "/serve/ws/svc/score").status == 200
        assert harness.ask("GET", "/serve/ws/local/score").status == 404

    @pytest.mark.parametrize(
        "path", ["/api/v1/telemetry/query", "/v1/metrics", "/v1/logs", "/v1/traces"]
    )
    def test_telemetry_opens_to_tokens_and_the_collector_learns_whose(
        self, harness: GatewayHarness, path: str
    ) -> None:
        tokens = {key_hash("all"): "*/owner", key_hash("one"): "ws/reader"}
        harness.gateway.apply(RoutingTable(tokens=tokens))

        assert harness.ask("POST", path, key="all") == Answer(200, "", "collector */owner", path)
        assert harness.ask("POST", path, key="one") == Answer(200, "", "collector ws/reader", path)
        assert harness.ask("POST", path, key="other") == Answer(401, "unauthenticated")
        assert harness.ask("POST", path) == Answer(401, "unauthenticated")

    @pytest.mark.parametrize("path", ["/metrics", "/v2/track", "/v2.1/track", "/telemetry/k/v1/x"])
    def test_what_the_collector_checks_itself_passes_without_a_token(
        self, harness: GatewayHarness, path: str
    ) -> None:
        harness.gateway.apply(RoutingTable(tokens={key_hash("all"): "*/owner"}))

        assert harness.ask("GET", path) == Answer(200, "", "collector nobody", path)
        assert harness.ask("GET", path, key="all") == Answer(200, "", "collector */owner", path)
        assert harness.ask("GET", path, key="x") == Answer(200, "", "collector nobody", path)

    def test_a_revoked_token_opens_nothing_as_soon_as_apply_returns(
        self, harness: GatewayHarness
    ) -> None:
        path = "/api/v1/telemetry/tables"
        harness.gateway.apply(RoutingTable(tokens={key_hash("old"): "*/owner"}))
        assert harness.ask("GET", path, key="old").status == 200

        harness.gateway.apply(RoutingTable())

        assert harness.ask("GET", path, key="old").status == 401

    def test_applying_the_same_table_again_changes_nothing(self, harness: GatewayHarness) -> None:
        table = _table(_route(backend="a"), harness.front("a"))
        harness.gateway.apply(table)

        harness.gateway.apply(table)

        assert harness.ask("POST", "/serve/ws/svc/score").status == 200
        assert harness.gateway.settled()


def _route(
    service: str = "svc",
    *,
    backend: str | None,
    auth: Auth = Auth.OFF,
    keys: Collection[str] = (),
    port: int | None = None,
    cors: bool = False,
) -> Route:
    hashes = tuple(key_hash(key) for key in keys)
    return Route("ws", service, auth, backend, hashes, port, cors)


def _table(routes: Route | tuple[Route, ...], *backends: Backend) -> RoutingTable:
    found: Mapping[str, Backend] = {backend.id: backend for backend in backends}
    return RoutingTable((routes,) if isinstance(routes, Route) else routes, found)


def _failure(gateway: Gateway, table: RoutingTable) -> GatewayFailed:
    try:
        gateway.apply(table)
    except GatewayFailed as failed:
        return failed
    raise AssertionError("The gateway took a table that it had to refuse.")

"""What every gateway promises of versions, access tokens and feedback."""

import time
from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.testing.gateway import Answer, GatewayHarness, key_hash, service_token

_KEY = "0123456789abcdef"


class TrafficConformance:
    """Inherit it, and give it a fixture ``harness``."""

    def test_a_token_of_the_service_opens_it(self, harness: GatewayHarness) -> None:
        harness.gateway.apply(_tokened(harness.front("a")))

        assert harness.ask("POST", "/serve/ws/svc/score", key=_token()).status == 200
        assert harness.ask("POST", "/serve/ws/svc/score").status == 401

    @pytest.mark.parametrize(
        "token",
        [
            pytest.param(lambda: _token(exp=time.time() - 1), id="expired"),
            pytest.param(lambda: _token(aud="ws/other"), id="of another service"),
            pytest.param(lambda: _token(sid="s0"), id="of a deleted one of that name"),
            pytest.param(lambda: _token("another key"), id="signed by somebody else"),
            pytest.param(lambda: _token()[:-4] + "AAAA", id="with a changed signature"),
            pytest.param(lambda: "none.of.it", id="none at all"),
        ],
    )
    def test_any_other_token_opens_nothing(
        self, harness: GatewayHarness, token: Callable[[], str]
    ) -> None:
        harness.gateway.apply(_tokened(harness.front("a")))

        assert harness.ask("POST", "/serve/ws/svc/score", key=token()).status == 401

    def test_the_versions_of_a_service_share_its_requests(self, harness: GatewayHarness) -> None:
        fronts = (harness.front("a"), harness.front("b"))
        shared = replace(_versions(), owners=(("blue", 500), ("green", 500)))
        harness.gateway.apply(_table(shared, *fronts))

        answers = [harness.ask("POST", "/serve/ws/svc/score").front for _ in range(60)]

        assert set(answers) == {"a", "b"}

    def test_a_change_of_shares_is_in_force_when_apply_returns(
        self, harness: GatewayHarness
    ) -> None:
        fronts = (harness.front("a"), harness.front("b"))
        for whole, front in (("blue", "a"), ("green", "b"), ("blue", "a")):
            shared = replace(_versions(), owners=((whole, 1000),))
            harness.gateway.apply(_table(shared, *fronts))

            assert harness.ask("POST", "/serve/ws/svc/score").front == front

    def test_a_version_that_is_named_gets_the_request(self, harness: GatewayHarness) -> None:
        fronts = (harness.front("a"), harness.front("b"))
        harness.gateway.apply(_table(_versions(), *fronts))

        assert harness.ask("POST", "/serve/ws/svc/score").front == "a"
        assert harness.ask("POST", "/serve/ws/svc/score", version="blue").front == "a"
        assert harness.ask("POST", "/serve/ws/svc/score", version="green").front == "b"

    def test_an_unknown_version_is_not_found_and_one_that_waits_is_not_ready(
        self, harness: GatewayHarness
    ) -> None:
        waiting = replace(_versions(), waiting=("red",))
        harness.gateway.apply(_table(waiting, harness.front("a"), harness.front("b")))

        unknown = harness.ask("POST", "/serve/ws/svc/score", version="pink")
        not_ready = harness.ask("POST", "/serve/ws/svc/score", version="red")

        assert (unknown.status, unknown.code) == (404, "not_found")
        assert (not_ready.status, not_ready.code) == (503, "not_ready")

    def test_a_closed_service_is_not_found_but_for_who_names_a_version(
        self, harness: GatewayHarness
    ) -> None:
        closed = replace(_versions(), closed=True)
        harness.gateway.apply(_table(closed, harness.front("a"), harness.front("b")))

        assert harness.ask("POST", "/serve/ws/svc/score") == Answer(404, "not_found")
        assert harness.ask("POST", "/serve/ws/svc/score", version="green").front == "b"

    def test_a_local_service_has_versions_too(self, harness: GatewayHarness) -> None:
        port = harness.free_port()
        local = replace(_versions(), port=port, owners=(("green", 1000),))
        harness.gateway.apply(_table(local, harness.front("a"), harness.front("b")))

        assert harness.ask("POST", "/score", port=port) == Answer(200, "", "b", "/score")
        assert harness.ask("POST", "/score", port=port, version="blue").front == "a"
        assert harness.ask("POST", "/score", port=port, version="pink").status == 404

    def test_feedback_goes_to_the_collector_with_the_key_of_the_service(
        self, harness: GatewayHarness
    ) -> None:
        route = _route(None, auth=Auth.KEY, keys=("k",))
        harness.gateway.apply(_table(route))

        assert harness.ask("POST", "/serve/ws/svc/feedback", key="k") == Answer(
            200, "", "collector ws/feedback", "/api/v1/telemetry/services/ws/svc/feedback"
        )
        assert harness.ask("POST", "/serve/ws/svc/feedback", key="x").status == 401
        assert harness.ask("POST", "/serve/ws/other/feedback", key="k").status == 404


def _versions() -> Route:
    return replace(_route("a"), id="s1", versions={"blue": "a", "green": "b"})


def _tokened(front: Backend) -> RoutingTable:
    route = replace(_route(front.id, auth=Auth.TOKEN), id="s1")
    return replace(_table(route, front), signing_key=_KEY)


def _token(key: str = _KEY, **claims: object) -> str:
    usual = {"aud": "ws/svc", "sid": "s1", "exp": int(time.time()) + 60}
    return service_token(key, **{**usual, **claims})


def _route(backend: str | None, auth: Auth = Auth.OFF, keys: Collection[str] = ()) -> Route:
    return Route("ws", "svc", auth, backend, tuple(map(key_hash, keys)))


def _table(route: Route, *backends: Backend) -> RoutingTable:
    return RoutingTable((route,), {backend.id: backend for backend in backends})

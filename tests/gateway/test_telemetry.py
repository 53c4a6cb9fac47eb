"""The way to the collector."""

from dataclasses import replace

import pytest

from modelyard.domain.routing import RoutingTable
from modelyard.gateway.config_collector import collector_section
from modelyard.testing.gateway import key_hash
from tests.gateway.yard import Yard, route, table
from tests.waiting import wait_until

TABLE = RoutingTable(tokens={key_hash("secret"): "*/owner"})
KEY = {"Authorization": "Bearer secret"}


def test_the_token_and_headers_that_look_like_ours_do_not_reach_the_collector(yard: Yard) -> None:
    yard.gateway.apply(TABLE)

    forged = {"X-Modelyard-Workspace": "other", "x-modelyard-role": "owner", **KEY}
    told = yard.call("/api/v1/telemetry/query", headers=forged).json["headers"]
    nobody = yard.call("/v2/track", headers={"X-Modelyard-Workspace": "*"}).json["headers"]

    assert told["x-modelyard-workspace"] == "*"
    assert "authorization" not in told
    assert "x-modelyard-workspace" not in nobody


def test_without_a_token_the_answer_says_what_to_send(yard: Yard) -> None:
    yard.gateway.apply(TABLE)

    asked = yard.call("/api/v1/telemetry/query")
    sent = yard.call("/v1/metrics", headers={"Authorization": "Bearer wrong"})

    assert (asked.status, asked.json["code"]) == (401, "unauthenticated")
    assert "Authorization: Bearer TOKEN" in str(asked.json["message"])
    assert asked.headers["www-authenticate"] == "Bearer"
    assert sent.status == 401
    assert "authorization=Bearer%20TOKEN" in str(sent.json["message"])


def test_without_a_collector_the_answer_says_so_and_services_go_on(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    assert yard.collector is not None
    yard.collector.close()

    refused = yard.call("/metrics", method="GET")

    assert (refused.status, refused.json["code"]) == (503, "collector_down")
    assert "modelyard logs collector" in str(refused.json["message"])
    assert yard.call("/serve/ws/svc/score").status == 200


def test_other_paths_of_the_api_still_go_to_the_control_plane(yard: Yard) -> None:
    yard.gateway.apply(TABLE)

    for path in ("/api/v1/telemetry", "/metrics/x", "/v2/models", "/api/v1/tokens"):
        assert yard.ask("GET", path).front == "control", path


def test_the_key_in_an_address_is_in_no_log(yard: Yard) -> None:
    yard.gateway.apply(TABLE)
    assert yard.collector is not None
    yard.collector.close()

    refused = yard.call("/telemetry/a-secret-key/v2/track")

    assert refused.status == 503
    wait_until(lambda: refused.headers["x-request-id"] in yard.log())
    assert "/KEY" in yard.log()
    assert "a-secret-key" not in yard.log()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_metrics_are_open_where_only_this_machine_can_ask(yard: Yard, host: str) -> None:
    text = collector_section(replace(yard.layout, host=host))

    assert ("acl open path /metrics" in text) == (host == "127.0.0.1")

"""Scripts that report by Microsoft's package while their workers are forked from a template."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from modelyard.domain.fronts import FrontSpec
from modelyard.serving.launch import variables
from tests.modelyard_worker.ingest import Ingest
from tests.serving.fronts import Front
from tests.waiting import wait_until

SCRIPT = """
import os
from applicationinsights import TelemetryClient

def init():
    global client
    client = TelemetryClient("key")
    client.track_metric("loaded", 1.0)

def run(data):
    client.track_metric("asked", os.getpid())
    return os.getpid()
"""

FAILS = """
from applicationinsights import TelemetryClient

def init():
    TelemetryClient("key").track_metric("loaded", 1.0)
    raise RuntimeError("not today")

def run(data):
    return {}
"""


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    server = Ingest()
    yield server
    server.close()


def values(ingest: Ingest, name: str) -> list[float]:
    points = [item["data"]["baseData"]["metrics"][0] for item in ingest.items]
    return [point["value"] for point in points if point["name"] == name]


def test_forked_workers_report_and_the_model_is_still_shared(
    start: Callable[..., Front], ingest: Ingest
) -> None:
    front = start(SCRIPT, preload=True, workers=2, ingest=ingest.address)

    asked = [front.ask(body={}).json for _ in range(4)]

    wait_until(lambda: len(values(ingest, "asked")) == 4)
    assert sorted(values(ingest, "asked")) == sorted(asked)
    assert values(ingest, "loaded") == [1.0]  # the template's, once
    assert "do not share" not in front.log()
    assert "left threads" not in front.log()


def test_what_init_reported_arrives_also_when_it_fails(
    start: Callable[..., Front], ingest: Ingest
) -> None:
    start(FAILS, state="failed", ingest=ingest.address)

    wait_until(lambda: values(ingest, "loaded"))


def spec(**more: object) -> FrontSpec:
    named = {
        field.name: "x"
        for field in dataclasses.fields(FrontSpec)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return FrontSpec(**{**named, "revision": 1, **more})  # type: ignore[arg-type]


def test_a_worker_is_told_its_address_and_the_service_may_say_another_for_packages() -> None:
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://own", "MODELYARD_INGEST": "http://own"}

    told = variables(spec(ingest="http://ours", variables=own), {}, {})

    assert told["MODELYARD_INGEST"] == "http://ours"
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://own"
    assert told["APPLICATIONINSIGHTS_CONNECTION_STRING"].endswith("=http://ours")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in variables(spec(), {}, {})

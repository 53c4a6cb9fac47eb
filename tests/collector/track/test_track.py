"""Application Insights' tracks, without a network and with Microsoft's real package."""

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from modelyard.collector.intake import FUTURE, Entry
from modelyard.collector.track import routes
from modelyard.collector.web import HttpAnswer, HttpRequest
from modelyard.telemetry.ingest import Origin, key_for
from modelyard.testing.sink import FakeSink
from tests.collector.serving import RouteServer

KEY = b"the-key-of-the-home"
NOW = 1_800_000_000.0
IRIS = Origin("ws", "iris", "v1", 3, "front")
AT = "2027-01-15T08:00:00.500Z"


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


def entry(now: float = NOW) -> Entry:
    return Entry(lambda: KEY, lambda: now)


def post(
    sink: FakeSink,
    body: Any,
    key: str | None = key_for(IRIS, KEY),
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {} if key is None else {"key": key}
    request = HttpRequest("POST", "/v2/track", headers=headers or {}, body=data, parameters=given)
    answer: HttpAnswer = asyncio.run(routes(sink, entry())[0].handle(request))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


def envelope(kind: str, base: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"time": AT, "iKey": "k", "data": {"baseType": kind, "baseData": base}, **more}


def metric(value: Any = 42.0, name: str = "gpu", **more: Any) -> dict[str, Any]:
    return envelope("MetricData", {"metrics": [{"name": name, "value": value}]}, **more)


def test_a_metric_becomes_a_row_of_the_service_whose_key_brought_it(sink: FakeSink) -> None:
    tags = {"ai.operation.id": "request-7", "ai.cloud.role": "ws/another"}

    assert post(sink, [metric(tags=tags)]) == (
        200,
        {"itemsReceived": 1, "itemsAccepted": 1, "errors": []},
    )

    assert sink.named("customMetrics") == [
        {
            "timestamp": NOW + 0.5,
            "name": "gpu",
            "value": 42.0,
            "valueSum": 42.0,
            "valueCount": 1,
            "valueMin": 42.0,
            "valueMax": 42.0,
            "operation_Id": "request-7",
            "cloud_RoleName": "ws/iris",
            "application_Version": "v1",
            "workspace": "ws",
            "service": "iris",
            "revision": 3,
            "itemCount": 1,
        }
    ]


def test_an_aggregate_keeps_its_sum_and_tells_the_mean(sink: FakeSink) -> None:
    point = {"name": "ms", "value": 30.0, "count": 4, "min": 1.0, "max": 20.0}

    post(sink, envelope("MetricData", {"metrics": [point]}))

    (row,) = sink.named("customMetrics")
    assert (row["value"], row["valueSum"], row["valueCount"]) == (7.5, 30.0, 4)
    assert (row["valueMin"], row["valueMax"]) == (1.0, 20.0)


KINDS = [
    ("EventData", {"name": "won", "measurements": {"n": 2}, "properties": {"a": "b"}}),
    ("MessageData", {"message": "hello", "severityLevel": "Warning"}),
    ("RequestData", {"id": "1", "duration": "00:00:01.5", "responseCode": "200", "success": True}),
    ("RemoteDependencyData", {"name": "SELECT", "duration": "1.00:00:00", "type": "SQL"}),
    ("AvailabilityData", {"id": "1", "name": "probe", "duration": "00:00:00.25", "success": True}),
    ("ExceptionData", {"exceptions": [{"typeName": "KeyError", "message": "'x'"}]}),
]


def test_every_kind_has_its_table(sink: FakeSink) -> None:
    status, _ = post(sink, [envelope(kind, base) for kind, base in KINDS])

    assert status == 200
    assert set(sink.rows) == {
        "customEvents",
        "traces",
        "requests",
        "dependencies",
        "availabilityResults",
        "exceptions",
    }
    assert sink.named("customEvents")[0]["customMeasurements"] == '{"n":2.0}'
    assert sink.named("traces")[0]["severityLevel"] == 2
    assert sink.named("requests")[0]["duration"] == 1500.0
    assert sink.named("dependencies")[0]["duration"] == 86_400_000.0
    assert sink.named("exceptions")[0]["problemId"] == "KeyError"


def test_envelopes_may_come_one_a_line(sink: FakeSink) -> None:
    lines = b"\n".join(json.dumps(metric(n)).encode() for n in range(3))

    assert post(sink, lines + b"\n")[1]["itemsAccepted"] == 3


def test_what_was_sampled_stands_for_as_many_as_it_says(sink: FakeSink) -> None:
    post(sink, metric(sampleRate=25.0))

    assert sink.named("customMetrics")[0]["itemCount"] == 4


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        pytest.param(metric("x"), "data.baseData.metrics[0].value: 'x' is no", id="no number"),
        pytest.param(metric(True), "metrics[0].value: True is no", id="a boolean"),
        pytest.param(metric(None), "metrics[0].value: None is no", id="nothing"),
        pytest.param(metric(10**400), "metrics[0].value", id="too large"),
        pytest.param(metric(name=""), "metrics[0].name: a metric needs a name", id="no name"),
        pytest.param(envelope("MetricData", {"metrics": []}), "metrics: must be", id="no points"),
        pytest.param(envelope("PageView", {}), "data.baseType: 'PageView' is not", id="kind"),
        pytest.param({"time": AT}, "data: must be an object", id="no data"),
        pytest.param([], "envelope: must be an object", id="an array"),
        pytest.param(metric(time="yesterday"), "time: 'yesterday' is no moment", id="time"),
        pytest.param(metric(time=5), "time: 5 is no moment", id="time as number"),
        pytest.param(
            envelope("RequestData", {"duration": "soon"}), "duration: 'soon' is no", id="duration"
        ),
        pytest.param(metric(tags=[1]), "tags: must be an object", id="tags"),
    ],
)
def test_an_envelope_that_cannot_be_taken_is_named_and_the_others_are_kept(
    sink: FakeSink, envelope: Any, said: str
) -> None:
    status, answer = post(sink, [metric(1), envelope, metric(2)])

    assert status == 206
    assert (answer["itemsReceived"], answer["itemsAccepted"]) == (3, 2)
    (error,) = answer["errors"]
    assert (error["index"], error["statusCode"]) == (1, 400)
    assert said in error["message"]
    assert len(sink.rows["customMetrics"]) == 2


def test_a_metric_that_is_nan_costs_itself_alone(sink: FakeSink) -> None:
    status, answer = post(sink, [metric(1), metric(float("nan")), metric(float("-inf"))])

    assert status == 206
    assert [error["message"] for error in answer["errors"]] == [
        "data.baseData.metrics[0].value: nan is no finite number",
        "data.baseData.metrics[0].value: -inf is no finite number",
    ]
    assert len(sink.rows["customMetrics"]) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b'[{"a": 1}, {"b": }]', "(byte 17)", id="broken array"),
        pytest.param(b"", "The body is empty", id="empty"),
        pytest.param(b"[" * 100_000, "malformed", id="deep"),
        pytest.param(b"\xff\xfe", "(byte 0)", id="no text"),
    ],
)
def test_a_malformed_body_is_refused_with_the_position(
    sink: FakeSink, body: bytes, said: str
) -> None:
    status, answer = post(sink, body)

    assert (status, answer["itemsAccepted"]) == (400, 0)
    assert said in answer["errors"][0]["message"]
    assert sink.rows == {}


def test_a_malformed_line_is_named_by_its_number(sink: FakeSink) -> None:
    good = json.dumps(metric()).encode()

    status, answer = post(sink, good + b"\n{oops\n" + good)

    assert (status, answer["itemsAccepted"]) == (206, 2)
    assert answer["errors"][0]["index"] == 1
    assert answer["errors"][0]["message"].startswith("Line 2: ")


def test_a_clock_that_is_far_off_is_told_and_not_believed(sink: FakeSink) -> None:
    times = ["2091-01-01T00:00:00Z", "1999-01-01T00:00:00Z", AT]

    post(sink, [metric(time=at) for at in times])

    rows = sink.named("customMetrics")
    assert [row["timestamp"] for row in rows] == [NOW, NOW, NOW + 0.5]
    assert [json.loads(row.get("customDimensions", "{}")) for row in rows] == [
        {"stated_time": "2091-01-01T00:00:00Z"},
        {"stated_time": "1999-01-01T00:00:00Z"},
        {},
    ]
    assert FUTURE < 3600


def test_long_texts_and_many_properties_are_cut(sink: FakeSink) -> None:
    many = {f"p{number}": "x" * 10_000 for number in range(1000)}

    post(sink, envelope("MessageData", {"message": "m" * 10**6, "properties": many}))

    (row,) = sink.named("traces")
    assert len(row["message"]) == 32 * 1024
    kept = json.loads(row["customDimensions"])
    assert len(kept) == 200
    assert len(kept["p0"]) == 8 * 1024


def test_without_a_key_it_is_refused_with_the_way_out(sink: FakeSink) -> None:
    without = post(sink, [metric()], key=None)
    wrong = post(sink, [metric()], key=key_for(IRIS, b"another"))
    malformed = post(sink, b"{malformed", key=None)

    # Microsoft's package sends again without end what is answered 401
    assert [status for status, _ in (without, wrong, malformed)] == [400, 400, 400]
    assert "ingest.key of the home" in without[1]["errors"][0]["message"]
    assert "not one of this server's" in wrong[1]["errors"][0]["message"]
    assert sink.rows == {}


def test_without_a_key_a_body_is_not_even_read(
    sink: FakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    # the package has a function of the module's name
    module = importlib.import_module("modelyard.collector.track.routes")
    monkeypatch.setattr(module, "read", read.append)

    for key in (None, key_for(IRIS, b"another")):
        assert post(sink, b"{}\n" * 10, key=key)[0] == 400

    assert read == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"{}\n" * 64_001, "more than 64000 envelopes", id="lines"),
        pytest.param(b"[" + b"0," * 64_000 + b"0]", "more than 64000 envelopes", id="array"),
        pytest.param(
            b"[" + b"{}," * 1_024_000 + b"{}]", "more than 1024000 objects", id="objects"
        ),
    ],
)
def test_a_body_of_too_many_envelopes_is_refused_whole(
    sink: FakeSink, body: bytes, words: str
) -> None:
    status, answer = post(sink, body)

    assert status == 400
    assert words in answer["errors"][0]["message"]


def test_the_homes_key_may_stand_in_the_envelope(sink: FakeSink) -> None:
    tags = {"ai.cloud.role": "ws/own", "ai.application.ver": "7"}
    one = metric(tags=tags) | {"iKey": KEY.decode()}

    status, _ = post(sink, [one], key=None)

    assert status == 200
    (row,) = sink.named("customMetrics")
    assert (row["workspace"], row["service"], row["application_Version"]) == ("ws", "own", "7")


def test_a_token_of_one_workspace_writes_into_no_other(sink: FakeSink) -> None:
    tags = {"ai.cloud.role": "other/iris"}

    post(sink, [metric(tags=tags)], key=None, headers={"x-modelyard-workspace": "mine"})

    (row,) = sink.named("customMetrics")
    assert row["workspace"] == "mine"
    assert "service" not in row


REAL = """
import sys
from applicationinsights import TelemetryClient, channel

address, key = sys.argv[1:]
queue = channel.SynchronousQueue(channel.SynchronousSender(address))
client = TelemetryClient(key, channel.TelemetryChannel(None, queue))
client.context.operation.id = "request-7"
client.track_metric("gpu", 42.0, properties={"card": "0"})
client.track_event("won", {"by": "me"}, {"points": 3})
client.track_trace("hello", severity="WARNING")
client.track_request("GET /", "http://x/", True, duration=125, response_code=200)
client.track_dependency("query", "SELECT 1", type="SQL", duration=7, success=True)
try:
    {}["x"]
except KeyError:
    client.track_exception()
client.flush()
"""


@pytest.fixture
def server(sink: FakeSink) -> Iterator[RouteServer]:
    made = RouteServer(routes(sink, Entry(lambda: KEY)))
    yield made
    made.close()


def test_microsofts_real_package_is_understood(sink: FakeSink, server: RouteServer) -> None:
    program = [sys.executable, "-W", "ignore", "-c", REAL]

    subprocess.run([*program, f"{server.url}/v2/track", KEY.decode()], check=True)

    assert server.answers == [200]
    (metric,) = sink.named("customMetrics")
    assert (metric["name"], metric["value"]) == ("gpu", 42.0)
    assert metric["operation_Id"] == "request-7"
    assert json.loads(metric["customDimensions"]) == {"card": "0"}
    assert sink.named("customEvents")[0]["customMeasurements"] == '{"points":3.0}'
    assert sink.named("traces")[0]["message"] == "hello"
    assert sink.named("requests")[0]["duration"] == 125.0
    assert sink.named("dependencies")[0]["data"] == "SELECT 1"
    (exception,) = sink.named("exceptions")
    assert (exception["type"], exception["method"]) == ("KeyError", "<module>")

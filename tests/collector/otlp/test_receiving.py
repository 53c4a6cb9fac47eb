"""OTLP as it is received: messages by hand, in protobuf and in JSON."""

import asyncio
import json
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from modelyard.collector.intake import Entry
from modelyard.collector.otlp import routes
from modelyard.collector.web import HttpAnswer, HttpRequest
from modelyard.domain.errors import TooLarge, Unauthenticated
from modelyard.telemetry.ingest import Origin, key_for
from modelyard.testing.sink import FakeSink

KEY = b"the-key-of-the-home"
NOW = 1_800_000_000.0
AT = 1_800_000_000_500_000_000
PROTOBUF, JSON = "application/x-protobuf", "application/json"
IRIS = Origin("ws", "iris", "v1", 3, "front")
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


def post(
    sink: FakeSink,
    signal: str,
    body: bytes,
    kind: str = PROTOBUF,
    key: str | None = key_for(IRIS, KEY),
    **headers: str,
) -> HttpAnswer:
    path = f"/v1/{signal}" if key is None else f"/telemetry/{{key}}/v1/{signal}"
    (route,) = [r for r in routes(sink, Entry(lambda: KEY, lambda: NOW)) if r.path == path]
    given = {} if key is None else {"key": key}
    sent = HttpRequest(
        "POST", path, headers={"content-type": kind, **headers}, body=body, parameters=given
    )
    return asyncio.run(route.handle(sent))


def metrics(*found: dict[str, Any], resource: dict[str, str] | None = None) -> bytes:
    pairs = [{"key": k, "value": {"stringValue": v}} for k, v in (resource or {}).items()]
    values = {
        "resourceMetrics": [
            {"resource": {"attributes": pairs}, "scopeMetrics": [{"metrics": list(found)}]}
        ]
    }
    message = json_format.ParseDict(values, ExportMetricsServiceRequest())
    data: bytes = message.SerializeToString()
    return data


def point(**values: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(AT), **values}


def kept(sink: FakeSink, table: str) -> list[dict[str, Any]]:
    return [
        row | {"customDimensions": json.loads(row.get("customDimensions", "{}"))}
        for row in sink.named(table)
    ]


def test_a_gauge_becomes_a_row_of_the_service_whose_key_brought_it(sink: FakeSink) -> None:
    attributes = [{"key": "card", "value": {"intValue": "3"}}]
    gauge = {"name": "gpu", "unit": "%", "gauge": {"dataPoints": [
        point(asDouble=42.5, attributes=attributes)
    ]}}  # fmt: skip

    answer = post(sink, "metrics", metrics(gauge, resource={"service.name": "other", "host": "h"}))

    assert (answer.status, answer.body) == (200, b"")
    (row,) = kept(sink, "customMetrics")
    assert (row["timestamp"], row["name"], row["value"]) == (NOW + 0.5, "gpu", 42.5)
    assert (row["workspace"], row["service"], row["application_Version"]) == ("ws", "iris", "v1")
    assert row["customDimensions"] == {"card": "3", "host": "h", "unit": "%"}


def test_every_kind_of_metric_is_kept(sink: FakeSink) -> None:
    body = metrics(
        {"name": "sum", "sum": {"aggregationTemporality": 2, "dataPoints": [point(asInt="7")]}},
        {"name": "histogram", "histogram": {"aggregationTemporality": 1, "dataPoints": [
            point(count="4", sum=10.0, min=1.0, max=5.0, bucketCounts=["1", "3"],
                  explicitBounds=[2.0])
        ]}},
        {"name": "exponential", "exponentialHistogram": {"dataPoints": [
            point(count="3", sum=6.0, scale=2, zeroCount="1",
                  positive={"offset": -1, "bucketCounts": ["1", "1"]})
        ]}},
        {"name": "summary", "summary": {"dataPoints": [
            point(count="2", sum=3.0, quantileValues=[
                {"quantile": 0.0, "value": 1.0}, {"quantile": 0.5, "value": 1.5},
                {"quantile": 1.0, "value": 2.0}
            ])
        ]}},
        {"name": "empty", "histogram": {"dataPoints": [point(count="0")]}},
        {"name": "silent", "gauge": {"dataPoints": [point(flags=1)]}},
    )  # fmt: skip

    post(sink, "metrics", body)

    found = {row["name"]: row for row in kept(sink, "customMetrics")}
    assert set(found) == {"sum", "histogram", "exponential", "summary"}
    assert found["sum"]["value"] == 7.0
    assert found["sum"]["customDimensions"] == {"temporality": "cumulative"}
    histogram = found["histogram"]
    assert (histogram["value"], histogram["valueSum"], histogram["valueCount"]) == (2.5, 10.0, 4)
    assert (histogram["valueMin"], histogram["valueMax"]) == (1.0, 5.0)
    assert histogram["customDimensions"] == {"bounds": "[2.0]", "counts": "[1,3]"}
    assert found["exponential"]["customDimensions"] == {
        "scale": "2",
        "zero_count": "1",
        "positive_offset": "-1",
        "positive_counts": "[1,1]",
    }
    assert (found["summary"]["valueMin"], found["summary"]["valueMax"]) == (1.0, 2.0)
    assert '"0.5":1.5' in found["summary"]["customDimensions"]["quantiles"]


def test_points_that_are_no_numbers_are_refused_as_a_partial_success(sink: FakeSink) -> None:
    points = [point(asDouble=v) for v in ("NaN", 1.0, "Infinity")]
    body = metrics({"name": "loss", "gauge": {"dataPoints": points}})

    answer = post(sink, "metrics", body)

    assert answer.status == 200
    assert isinstance(answer.body, bytes)
    said = ExportMetricsServiceResponse.FromString(answer.body).partial_success
    assert said.rejected_data_points == 2
    assert said.error_message == "Point 0 of the metric 'loss' is no finite number."
    assert [row["value"] for row in sink.named("customMetrics")] == [1.0]


SPANS = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": TRACE,
                            "spanId": SPAN,
                            "name": "POST /score",
                            "kind": 2,
                            "startTimeUnixNano": str(AT),
                            "endTimeUnixNano": str(AT + 125_000_000),
                            "attributes": [
                                {"key": "http.response.status_code", "value": {"intValue": 503}},
                                {"key": "client.address", "value": {"stringValue": "10.0.0.1"}},
                            ],
                            "status": {"code": 2},
                        },
                        {
                            "traceId": TRACE,
                            "spanId": "00f067aa0ba902b7",
                            "parentSpanId": SPAN,
                            "name": "SELECT",
                            "kind": 3,
                            "startTimeUnixNano": str(AT),
                            "endTimeUnixNano": str(AT + 2_000_000),
                            "attributes": [
                                {"key": "db.system.name", "value": {"stringValue": "sqlite"}},
                                {"key": "db.query.text", "value": {"stringValue": "SELECT 1"}},
                            ],
                            "events": [
                                {
                                    "name": "exception",
                                    "timeUnixNano": str(AT),
                                    "attributes": [
                                        {
                                            "key": "exception.type",
                                            "value": {"stringValue": "KeyError"},
                                        },
                                        {
                                            "key": "exception.stacktrace",
                                            "value": {
                                                "stringValue": 'File "/a/score.py", line 7, in run'
                                            },
                                        },
                                    ],
                                },
                                {"name": "retry", "timeUnixNano": str(AT)},
                            ],
                        },
                    ]
                }
            ]
        }
    ]
}


def test_spans_of_servers_are_requests_and_of_clients_dependencies(sink: FakeSink) -> None:
    answer = post(sink, "traces", json.dumps(SPANS).encode(), JSON)

    assert (answer.status, answer.body) == (200, b"{}")
    (request,) = sink.named("requests")
    assert (request["id"], request["operation_Id"]) == (SPAN, TRACE)
    assert (request["resultCode"], request["success"], request["duration"]) == ("503", False, 125)
    assert request["client_IP"] == "10.0.0.1"
    (dependency,) = sink.named("dependencies")
    assert dependency["operation_ParentId"] == SPAN
    assert (dependency["type"], dependency["data"], dependency["duration"]) == (
        "sqlite",
        "SELECT 1",
        2.0,
    )


def test_events_of_spans_are_exceptions_and_lines(sink: FakeSink) -> None:
    post(sink, "traces", json.dumps(SPANS).encode(), JSON)

    (exception,) = sink.named("exceptions")
    assert exception["problemId"] == "KeyError at /a/score.py, run"
    assert (exception["line"], exception["operation_ParentId"]) == (7, "00f067aa0ba902b7")
    assert [row["message"] for row in sink.named("traces")] == ["retry"]


def test_a_span_without_ids_is_refused_alone(sink: FakeSink) -> None:
    spans = [{"name": "no ids"}, {"name": "good", "traceId": TRACE, "spanId": SPAN}]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}

    answer = post(sink, "traces", json.dumps(body).encode(), JSON)

    assert isinstance(answer.body, bytes)
    said = json.loads(answer.body)["partialSuccess"]
    assert said["rejectedSpans"] == "1"
    assert "'no ids' has no valid trace id" in said["errorMessage"]
    assert [row["name"] for row in sink.named("dependencies")] == ["good"]


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [(1, "", 0), (8, "", 0), (9, "", 1), (13, "", 2), (17, "", 3), (21, "", 4), (24, "", 4),
     (0, "WARNING", 2), (0, "", None)],
)  # fmt: skip
def test_log_records_are_lines_with_their_level(
    sink: FakeSink, number: int, text: str, level: int | None
) -> None:
    record = {
        "timeUnixNano": str(AT),
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": "hello"},
        "traceId": TRACE,
        "spanId": SPAN,
    }
    body = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "s"}, "logRecords": [record]}]}]}

    post(sink, "logs", json.dumps(body).encode(), JSON)

    (row,) = sink.named("traces")
    assert (row["message"], row.get("severityLevel"), row["source"]) == ("hello", level, "s")
    assert (row["operation_Id"], row["operation_ParentId"]) == (TRACE, SPAN)


def good_traces() -> bytes:
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "abc"}]}]}]}
    data: bytes = json_format.ParseDict(body, ExportTraceServiceRequest()).SerializeToString()
    return data


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        pytest.param(good_traces()[:-2], PROTOBUF, "byte 0, in resource_spans: ", id="torn"),
        pytest.param(b"\x0a\x02\x12\x7f", PROTOBUF, "byte 2, in resource_spans.scope_spans: 127 "
                     "bytes are announced, 0 are left", id="wrong length"),
        pytest.param(b"\x0b", PROTOBUF, "byte 0, in resource_spans: there is no wire type 3",
                     id="wire type"),
        pytest.param(b"\xff" * 20, PROTOBUF, "byte 0: a number is too long", id="rubbish"),
        pytest.param(good_traces().replace(b"abc", b"a\xffc"), PROTOBUF, "is no UTF-8", id="text"),
        pytest.param(b'{"resourceSpans": [}', JSON, "(byte 19)", id="json"),
        pytest.param(b'{"resourceSpans": [{"scopeSpans": 5}]}', JSON, "scopeSpans", id="shape"),
        pytest.param(b"[1]", JSON, "is no JSON of traces", id="array"),
        pytest.param(b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}',
                     JSON, "resourceSpans[0].scopeSpans[0].spans[0].traceId: 'xyz' is not",
                     id="id"),
        pytest.param(b"[" * 100_000, JSON, "malformed", id="deep"),
    ],
)  # fmt: skip
def test_a_malformed_body_is_refused_with_the_position(
    sink: FakeSink, body: bytes, kind: str, said: str
) -> None:
    answer = post(sink, "traces", body, kind)

    assert answer.status == 400
    assert answer.headers["content-type"] == kind
    assert isinstance(answer.body, bytes)
    if kind == JSON:
        message = json.loads(answer.body)["message"]
    else:
        assert answer.body[:2] == b"\x08\x03"
        message = answer.body[3:].decode(errors="replace")
    assert said in message
    assert sink.rows == {}


def test_another_content_type_is_refused(sink: FakeSink) -> None:
    answer = post(sink, "logs", b"<x/>", "text/xml")

    assert answer.status == 415


def test_a_clock_that_is_far_off_is_told_and_not_believed(sink: FakeSink) -> None:
    body = metrics({"name": "m", "gauge": {"dataPoints": [
        {"timeUnixNano": "18446744073709551615", "asDouble": 1.0}, {"asDouble": 2.0}
    ]}})  # fmt: skip

    post(sink, "metrics", body)

    first, second = kept(sink, "customMetrics")
    assert (first["timestamp"], second["timestamp"]) == (NOW, NOW)
    assert first["customDimensions"]["stated_time"].startswith("2554-")
    assert "stated_time" not in second["customDimensions"]


def test_without_a_key_it_is_refused_and_a_token_names_the_workspace(sink: FakeSink) -> None:
    names = {"service.namespace": "ws", "service.name": "own"}
    body = metrics({"name": "m", "gauge": {"dataPoints": [point(asDouble=1.0)]}}, resource=names)

    with pytest.raises(Unauthenticated):
        post(sink, "metrics", body, key=None)
    post(sink, "metrics", body, key=None, **{"x-modelyard-workspace": "*"})
    post(sink, "metrics", body, key=None, **{"x-modelyard-workspace": "other"})

    rows = sink.named("customMetrics")
    assert [(r["workspace"], r.get("service")) for r in rows] == [("ws", "own"), ("other", None)]


def test_a_message_without_anything_is_taken(sink: FakeSink) -> None:
    assert post(sink, "logs", ExportLogsServiceRequest().SerializeToString()).status == 200
    assert post(sink, "logs", b"{}", JSON).status == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b"\x0a\x00" * 10_001, PROTOBUF, id="resources"),
        pytest.param(b'{"resourceLogs":[' + b"{}," * 1_000_000 + b"{}]}", JSON, id="objects"),
        pytest.param(
            ExportLogsServiceRequest(
                resource_logs=[{"scope_logs": [{"log_records": [{}] * 1001}]}]
            ).SerializeToString(),
            PROTOBUF,
            id="records",
        ),
    ],
)
def test_a_small_body_that_would_become_a_huge_one_is_refused(
    sink: FakeSink, monkeypatch: pytest.MonkeyPatch, body: bytes, kind: str
) -> None:
    monkeypatch.setattr("modelyard.collector.otlp.rejected.MOST_ROWS", 1000)

    with pytest.raises(TooLarge, match="Send it in parts"):
        post(sink, "logs", body, kind)

    assert not sink.named("traces")

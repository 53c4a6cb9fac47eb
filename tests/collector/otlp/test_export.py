"""Sending on, to our own receiver and to a plain HTTP server."""

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from modelyard.collector.intake import Entry
from modelyard.collector.making import row
from modelyard.collector.measures import Measure
from modelyard.collector.otlp import routes
from modelyard.collector.otlp.export import Exporter
from modelyard.collector.otlp.outgoing import metrics, span_id, trace_id
from modelyard.collector.otlp.waiting import Waiting
from modelyard.collector.prometheus import Meters
from modelyard.telemetry.ingest import Origin
from modelyard.testing.sink import FakeSink
from tests.collector.serving import RouteServer
from tests.waiting import wait_until

NOW = 1_800_000_000.0
IRIS = Origin("ws", "iris", "v1", 3)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def request(number: int = 0, **more: Any) -> tuple[Any, ...]:
    values = {
        "timestamp": NOW,
        "id": f"r{number}",
        "operation_Id": f"r{number}",
        "name": "POST /score",
        "resultCode": "200",
        "success": True,
        "duration": 12.5,
        "runMs": 10.0,
        "source": "front",
    }
    return row("requests", IRIS.columns(), values, more)


def line(message: str = "hello", **more: Any) -> tuple[Any, ...]:
    values = {"timestamp": NOW, "message": message, "severityLevel": 2, "source": "worker 1"}
    return row("traces", IRIS.columns(), values, more)


class Receiver:
    """A plain HTTP server; ``answers`` are (status, headers) of the first posts."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
                outer.posts.append((self.path, dict(self.headers.items()), body))
                status, headers = outer.answers.pop(0) if outer.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def ids(self) -> list[str]:
        """The request ids of all spans, as often as they were sent."""
        found = []
        for path, _, body in list(self.posts):
            if path.endswith("/v1/traces"):
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            values = {a.key: a.value.string_value for a in span.attributes}
                            found.append(values["modelyard.request_id"])
        return found

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def export() -> Iterator[Callable[..., Exporter]]:
    started: list[Exporter] = []

    def start(url: str, *headers: tuple[str, str], **given: Any) -> Exporter:
        meters = given.pop("meters", None) or Meters()
        given = {"every": 3600.0, "gather": 0.01, **given}
        made = Exporter(url, headers, meters, given.pop("latest", tuple), **given)
        asyncio.run(made.start())
        started.append(made)
        return made

    yield start
    for exporter in started:
        asyncio.run(exporter.stop())


def test_our_own_receiver_understands_what_is_sent(export: Callable[..., Exporter]) -> None:
    sink, meters = FakeSink(), Meters()
    meters.hear({"requests": [request()]})
    gauge = Measure("Process", "process.memory.usage", 7.0, "By", "", {}, IRIS)
    server = RouteServer(
        routes(sink, Entry(lambda: b"k", lambda: NOW)), {"x-modelyard-workspace": "*"}
    )
    try:
        exporter = export(server.url, meters=meters, latest=lambda: [gauge])
        exporter.hear({"requests": [request(operation_Id=TRACE)], "traces": [line()]})
        wait_until(lambda: sink.rows.get("requests") and sink.rows.get("traces"))
        asyncio.run(exporter.stop())  # sends the metrics too
    finally:
        server.close()

    assert set(server.answers) == {200}
    (span,) = sink.named("requests")
    assert (span["name"], span["duration"], span["resultCode"]) == ("POST /score", 12.5, "200")
    assert (span["operation_Id"], span["workspace"], span["service"]) == (TRACE, "ws", "iris")
    (text,) = sink.named("traces")
    assert (text["message"], text["severityLevel"]) == ("hello", 2)
    found = {row["name"]: row for row in sink.named("customMetrics")}
    assert found["http.server.request.duration"]["valueCount"] == 1
    assert found["http.server.request.duration"]["valueSum"] == pytest.approx(0.0125)
    dimensions = json.loads(found["http.server.request.duration"]["customDimensions"])
    assert dimensions["http.response.status_code"] == "200"
    assert found["process.memory.usage"]["value"] == 7.0


def test_what_came_by_otlp_is_not_sent_on_again(receiver: Receiver, export: Any) -> None:
    exporter = export(receiver.url)

    exporter.hear({"requests": [request(1, source="script"), request(2)]})
    exporter.hear({"traces": [line(source="modelyard")]})

    wait_until(lambda: receiver.ids() == ["r2"])
    asyncio.run(exporter.stop())
    assert [path for path, _, _ in receiver.posts if path.endswith("logs")] == []


def test_a_receiver_that_is_busy_is_asked_again_and_gets_everything_once(
    receiver: Receiver, export: Any
) -> None:
    receiver.answers = [(503, {"Retry-After": "0"}), (429, {})]
    exporter = export(receiver.url + "/base/", ("authorization", "Bearer x"))

    exporter.hear({"requests": [request(number) for number in range(2500)]})

    wait_until(lambda: not len(exporter.waiting) and len(receiver.posts) == 5)
    paths = {path for path, _, _ in receiver.posts}
    assert paths == {"/base/v1/traces"}
    assert {headers["authorization"] for _, headers, _ in receiver.posts} == {"Bearer x"}
    ids = receiver.ids()
    assert ids[:1000] == ids[1000:2000] == ids[2000:3000]  # the first message, thrice
    assert ids[2000:] == [f"r{number}" for number in range(2500)]


def test_a_receiver_that_was_not_there_gets_what_waited(
    receiver: Receiver, export: Any, caplog: pytest.LogCaptureFixture
) -> None:
    port = receiver.server.server_address[1]
    receiver.close()
    exporter = export(f"http://127.0.0.1:{port}")
    exporter.hear({"requests": [request(1)]})
    wait_until(lambda: caplog.records)

    assert "cannot be sent to" in caplog.records[0].message
    assert len(caplog.records) == 1


def test_what_is_refused_for_good_is_counted_and_the_rest_goes_on(
    receiver: Receiver, export: Any
) -> None:
    receiver.answers = [(400, {})]
    exporter = export(receiver.url)

    exporter.hear({"requests": [request(number) for number in range(1200)]})

    wait_until(lambda: len(receiver.posts) == 2)
    wait_until(lambda: exporter.refused == 1000)


def test_with_too_many_waiting_the_newest_are_dropped_and_counted() -> None:
    waiting = Waiting(limit=10)

    waiting.hear({"requests": [request(number) for number in range(25)]})

    assert (len(waiting), waiting.dropped) == (10, 15)
    assert waiting.take("requests", 1)[0][1] == "r0"


def test_ids_follow_from_the_request_and_traces_stay_as_they_came() -> None:
    assert trace_id(TRACE).hex() == TRACE
    assert trace_id("r1") == trace_id("r1") != trace_id("r2")
    assert len(trace_id("z" * 32)) == 16
    assert len(span_id("r1")) == 8


def test_sums_are_told_as_sums() -> None:
    measure = Measure("Process", "process.cpu.time", 3.0, "s", "", {}, IRIS, sums=True)

    assert b"process.cpu.time" in metrics([], [measure], NOW)

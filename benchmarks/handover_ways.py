"""
Ways to keep one record of a request; each times every call, for ``telemetry_handover``.

``python handover_ways.py WAY COUNT`` prints nanoseconds as JSON: p50, p99, p99.9 and mean, without
what reading the clock takes. Each imports what it needs by itself: the others' are not there.
"""
# ruff: noqa: PLC0415

import gc
import json
import logging
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Keep = Callable[[int], object]

FIELDS = (1.7e9, "0f1e2d3c-0f1e-4f1e-8f1e-0123456789ab", "POST", "/score", 200, "", 1.25, 0.1, 0.9)
REST = (1, 13, 3, "10.0.0.7", -1, False, "", 1)


def alone(folder: Path) -> Keep:
    """Ours: all that a front does for a request that a script answered, alone in its turn."""
    return _recorder(folder, 1)


def together(folder: Path) -> Keep:
    """Ours, 16 requests in one turn of the event loop; the last of them hands all over."""
    return _recorder(folder, 16)


def _recorder(folder: Path, turn: int) -> Keep:
    from modelyard.serving.exchange import Answer
    from modelyard.serving.http_request import Incoming
    from modelyard.serving.messages import headers_of
    from modelyard.serving.telemetry import Recorder
    from modelyard.serving.tickets import Ticket
    from modelyard.telemetry.records import About
    from modelyard.telemetry.rings import REQUESTS_BYTES, create

    class Nobody:
        def respond(self, *_: object) -> None: ...
        def send(self, *_: object) -> None: ...
        def answered(self, *_: object) -> None: ...
        def refused(self, *_: object) -> None: ...

    nobody = Nobody()
    fields = [
        (b"host", b"x"),
        (b"content-type", b"application/json"),
        (b"x-request-id", FIELDS[1].encode()),
        (b"x-forwarded-for", b"10.0.0.7"),
        (b"content-length", b"13"),
    ]
    request = Incoming(nobody, b"POST", b"/score", fields)
    request.tag, request.began = FIELDS[1].encode(), time.monotonic()
    ticket = Ticket(1, b"{}", b'{"data": [1]}', time.monotonic(), nobody, request)
    ticket.given, ticket.worker = time.monotonic(), 1
    headers = b'[["content-type","application/json"],["x-ms-run-function-failed","False"]]'
    pairs, lines = headers_of(headers)
    answer = Answer(200, pairs, 0.9, b"[1]", lines=lines)
    ring_ = create(folder, "a.requests", REQUESTS_BYTES, About("front", "a"))
    recorder = Recorder(ring_, soon=None if turn == 1 else lambda _: None)
    answered, flush = recorder.answered, recorder.flush
    drain(folder)

    def keep(number: int) -> None:
        answered(request, ticket, answer, 200, 3)
        if number % turn == 0:
            flush()

    return keep if turn > 1 else lambda _: answered(request, ticket, answer, 200, 3)


def ring(folder: Path) -> Keep:
    """Ours, the ring alone, 100 bytes."""
    from modelyard.telemetry.records import About
    from modelyard.telemetry.rings import REQUESTS_BYTES, create

    put = create(folder, "a.requests", REQUESTS_BYTES, About("front", "a")).put
    drain(folder)
    data = b"x" * 100
    return lambda _: put(data)


def drain(folder: Path) -> Callable[[], int]:
    """Another process that empties the rings of requests; called, it ends and says how many."""
    stop, count = multiprocessing.Event(), multiprocessing.Value("q", 0)
    started = multiprocessing.Event()
    arguments = (str(folder), started, stop, count)
    process = multiprocessing.Process(target=_drain, args=arguments, daemon=True)
    process.start()
    started.wait()

    def end() -> int:
        stop.set()
        process.join()
        return int(count.value)

    return end


def _drain(folder: str, started: object, stop: object, count: object) -> None:
    from modelyard.telemetry.ring import RingReader

    readers = [RingReader.open(path) for path in Path(folder).glob("*.requests.ring")]
    started.set()  # type: ignore[attr-defined]
    last = False
    while not last:
        last = stop.wait(0.02)  # type: ignore[attr-defined]
        for reader in readers:
            while found := reader.read():
                count.value += len(found)  # type: ignore[attr-defined]
                reader.release(reader.position)


def append(_: Path) -> Keep:
    """The least there is: a tuple into a list of this process."""
    kept: list[tuple[object, ...]] = []
    return lambda number: kept.append((number, *FIELDS, *REST))


def sqlite(folder: Path) -> Keep:
    """A row, a transaction for each 1,000."""
    database = sqlite3.connect(folder / "a.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=normal")
    marks = ",".join("?" * (len(FIELDS) + len(REST)))
    columns = ",".join(f"c{number}" for number in range(len(FIELDS) + len(REST)))
    database.execute(f"create table requests ({columns})")
    insert = f"insert into requests values ({marks})"

    def keep(number: int) -> None:
        if number % 1000 == 0:
            if number:
                database.execute("commit")
            database.execute("begin")
        database.execute(insert, (*FIELDS, *REST))

    return keep


def json_line(folder: Path) -> Keep:
    """A line of JSON by Python's logging."""
    logger = logging.getLogger("requests")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.FileHandler(folder / "a.log"))
    names = [f"field{number}" for number in range(len(FIELDS) + len(REST))]

    def keep(_: int) -> None:
        logger.info(json.dumps(dict(zip(names, (*FIELDS, *REST), strict=True))))

    return keep


_ATTRIBUTES = {
    "http.request.method": "POST",
    "http.route": "/score",
    "http.response.status_code": 200,
}


def otel_metrics(_: Path) -> Keep:
    """A counter and a histogram with three attributes."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    meter = MeterProvider([InMemoryMetricReader()]).get_meter("a")
    count, duration = meter.create_counter("requests"), meter.create_histogram("duration")

    def keep(_: int) -> None:
        count.add(1, _ATTRIBUTES)
        duration.record(0.00125, _ATTRIBUTES)

    return keep


def otel_span(_: Path) -> Keep:
    """A span, handed to the batch processor whose exporter throws it away."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    class Nowhere(SpanExporter):
        def export(self, _: object) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    tracer = provider.get_tracer("a")

    def keep(_: int) -> None:
        tracer.start_span("POST /score", attributes=_ATTRIBUTES).end()

    return keep


WAYS: dict[str, Callable[[Path], Keep]] = {
    "Modelyard: a front's record, alone in its turn": alone,
    "Modelyard: 16 in a turn, the last hands over": together,
    "Modelyard: the ring alone, 100 bytes": ring,
    "list.append, same process": append,
    "SQLite, 1,000 rows a transaction": sqlite,
    "logging.FileHandler, a JSON line": json_line,
    "OpenTelemetry SDK: counter and histogram": otel_metrics,
    "OpenTelemetry SDK: span, batch processor": otel_span,
}


def timed(keep: Keep, count: int) -> list[float]:
    """p50, p99, p99.9 and mean of one call."""
    clock = time.perf_counter_ns
    for number in range(1000):
        keep(number)
    gc.collect()
    gc.freeze()
    idle = sorted(_empty(clock) for _ in range(10_000))[5000]
    taken = [0] * count
    for number in range(count):
        begun = clock()
        keep(number + 1000)
        taken[number] = clock() - begun - idle
    taken.sort()
    return [
        taken[count // 2],
        taken[count * 99 // 100],
        taken[count * 999 // 1000],
        sum(taken) / count,
    ]


def _empty(clock: Callable[[], int]) -> int:
    begun = clock()
    return clock() - begun


def main() -> None:
    """One way, in a process of its own."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        keep = WAYS[sys.argv[1]](Path(folder))
        print(json.dumps(timed(keep, int(sys.argv[2]))))


if __name__ == "__main__":
    main()

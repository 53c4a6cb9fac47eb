"""
What a shadow costs the front that answers.

    python -m benchmarks.shadow [--requests 20000] [--seconds 5]

The first table is processor time in the front's event loop for one request, in microseconds: to
look at one that is not copied, and to copy one (look, witness, encrypt, write) after its answer is
out. The second is what one caller at a time waits for a real front, in milliseconds, without a
shadow and with a copy of every request, in turns: both fronts and their workers share this
machine's cores. Prints Markdown.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

import modelyard_worker
from modelyard.domain.shadows import ShadowOrder, ShadowOrders
from modelyard.serving.exchange import Reply
from modelyard.serving.http_request import Incoming
from modelyard.serving.shadow_mirror import Mirror
from tests.serving.fronts import Front, UnixConnection

SCRIPT = "def run(data): return [1.0, 2.0, 3.0]\n"
LINES = b"content-type: application/json\r\nx-ms-run-fn-exec-ms: 0.123\r\n"
FIELDS = [
    (b"host", b"x"),
    (b"content-type", b"application/json"),
    (b"x-request-id", b"0f1e2d3c-0f1e-4f1e-8f1e-0123456789ab"),
    (b"x-forwarded-for", b"10.0.0.7"),
]


class Nobody:
    """A client that takes answers."""

    def respond(self, request: Incoming, reply: Reply) -> None:
        """Forget it."""

    def send(self, request: Incoming, status: int, lines: bytes, body: bytes) -> None:
        """Forget it."""


def a_request(body: bytes) -> Incoming:
    request = Incoming(Nobody(), b"POST", b"/score", FIELDS)  # type: ignore[arg-type]
    request.body = body
    request.tag = FIELDS[2][1]
    return request


async def times(size: int, requests: int, share: int) -> float:
    """Microseconds for a request of that many bytes; ``share`` in tenths of a percent."""
    with tempfile.TemporaryDirectory() as folder:
        draw = iter(lambda: 0.5, None).__next__
        mirror = Mirror("blue", lambda: True, lambda _: None, lambda _: None, Path(folder), draw)
        await mirror.obey(ShadowOrders([ShadowOrder("green", share, ("/nowhere",))], 600))
        now: list[Callable[[], object]] = []
        mirror.later = lambda keep, *given: now.append(lambda: keep(*given))  # type: ignore[assignment]
        body, answer = b"x" * size, b"y" * 200
        taken = [a_request(body) for _ in range(requests)]
        begun = time.process_time()
        for request in taken:
            mirror.look(request)
            request.client.send(request, 200, LINES, answer)
            if now:
                now.pop()()
        took = time.process_time() - begun
        await mirror.close()
    return took / requests * 1e6


def first_table(requests: int) -> None:
    print("| one request of | not copied, µs | copied, µs |")
    print("| ---: | ---: | ---: |")
    for size in (100, 1_000, 10_000, 100_000, 250_000):
        count = max(200, min(requests, 200_000_000 // size // 10))
        none, all_ = (
            min(uvloop.run(times(size, count, share)) for _ in range(3)) for share in (1, 1000)
        )
        print(f"| {size:,} bytes | {none:.2f} | {all_:.2f} |")


def waits(front: Front, seconds: float) -> list[float]:
    """Milliseconds of each request of one caller."""
    connection, found = UnixConnection(front.socket), []
    until = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < until:
        connection.request("POST", "/score", b'{"x": 1}', {"content-type": "application/json"})
        connection.getresponse().read()
        found.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.002)  # a caller that thinks in between
    connection.close()
    return found


def second_table(seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="my-") as name:
        folder = Path(name)
        runtime = folder / "runtime"
        source = Path(str(modelyard_worker.__file__)).parent
        shutil.copytree(source, runtime / "modelyard_worker")
        fronts = []
        for part in ("a", "b"):
            (folder / part).mkdir()
            rings = str(folder / part / "rings")
            fronts.append(Front(folder / part, runtime, SCRIPT, rings=rings))
        try:
            for front in fronts:
                front.wait_for("ready")
            served, shadow = fronts
            order = {"version": "green", "share": 1000, "sockets": [str(shadow.socket)]}
            seen: dict[str, list[float]] = {"without": [], "with": []}
            for _ in range(3):
                for kind, orders in (("without", []), ("with", [order])):
                    served.control(op="shadows", shadows=orders)
                    seen[kind] += waits(served, seconds / 3)
        finally:
            for front in fronts:
                front.close()
    print("\n| a caller waits | p50, ms | p95, ms | p99, ms | requests |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, found in seen.items():
        cuts = statistics.quantiles(found, n=100)
        print(
            f"| {kind} a shadow of 100 % | {cuts[49]:.3f} | {cuts[94]:.3f} | {cuts[98]:.3f}"
            f" | {len(found):,} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    first_table(asked.requests)
    second_table(asked.seconds)


if __name__ == "__main__":
    main()

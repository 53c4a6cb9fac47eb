"""
Traffic moved between versions under load: what is lost, how soon it is in force, who got how much.

    python -m benchmarks.traffic [--changes 1000] [--connections 16] [--others 100] [--seconds 5]

A gateway of its own with fronts that answer at once, so that the gateway is what is measured, and
callers on connections that they keep. Each change gives the second version other buckets, but as
many as before: so what it got of all requests during the changes is known, too. After each change
one request is looked at: its bucket must lead to its new owner. Then the same with other services
beside it whose traffic is split among six versions each.
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.domain.traffic import BUCKETS, Runs, buckets, reassign, runs
from modelyard.gateway.binary import find_haproxy, version
from modelyard.gateway.haproxy import HaproxyGateway
from modelyard.gateway.layout import Layout
from modelyard.gateway.ports import free
from modelyard.gateway.runtime import Runtime

SHARE = 300
"""Tenths of a percent that the second version has during the changes."""

PATH = "/serve/ws/svc/score"


@dataclass
class Ground:
    """A gateway that runs, and the sockets of its two fronts."""

    gateway: HaproxyGateway
    port: int
    sockets: tuple[str, str]

    def table(self, owners: Runs, others: int) -> RoutingTable:
        """The service that is asked, and others beside it."""
        backends = {f"v{n}": Backend(f"v{n}", (self.sockets[n],), 60.0) for n in (0, 1)}
        routes = [_route("svc", {"blue": "v0", "green": "v1"}, owners)]
        for number in range(others):
            ids = {f"v{n}": f"o{number}v{n}" for n in range(6)}
            backends |= {id: Backend(id, (self.sockets[0],), 60.0) for id in ids.values()}
            routes.append(_route(f"other-{number}", ids, _six(number)))
        return RoutingTable(tuple(routes), backends)


class Callers:
    """Those who ask without pause."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def report(self) -> dict[str, Any]:
        """What was answered since the last report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    options.add_argument("--changes", type=int, default=1000)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--others", type=int, default=100)
    options.add_argument("--seconds", type=float, default=5.0, help="of each quiet phase")
    asked = options.parse_args()
    with ExitStack() as stack:
        ground = stack.enter_context(_ground())
        print(f"HAProxy {'.'.join(map(str, version(find_haproxy()) or ()))}\n")
        ground.gateway.apply(ground.table(_rotated(0), 0))
        callers = stack.enter_context(_callers(ground.port, asked.connections))
        _shares(ground, callers, asked.seconds)
        for others in (0, asked.others):
            _changes(ground, callers, asked.changes, others, asked.seconds)


def _shares(ground: Ground, callers: Callers, seconds: float) -> None:
    print("| share asked, % | requests | observed, % | bounds (99.9 %) | within |")
    print("| ---: | ---: | ---: | --- | --- |")
    for share in (1, 10, 100, 500):
        blue_first = reassign(("blue",) * BUCKETS, {"blue": BUCKETS - share, "green": share})
        ground.gateway.apply(ground.table(runs(blue_first), 0))
        callers.report()
        time.sleep(seconds)
        print(_bounds(callers.report()["versions"], share))
    print()


def _bounds(versions: dict[str, int], share: int) -> str:
    total, got, p = sum(versions.values()), versions.get("green", 0), share / BUCKETS
    wide = 3.29 * sqrt(p * (1 - p) / total)
    low, high = max(0.0, p - wide), p + wide
    within = "yes" if low <= got / total <= high else "NO"
    return (
        f"| {share / 10:g} | {total:,} | {100 * got / total:.3f} "
        f"| {100 * low:.3f} to {100 * high:.3f} | {within} |"
    )


def _changes(ground: Ground, callers: Callers, count: int, others: int, seconds: float) -> None:
    ground.gateway.apply(ground.table(_rotated(0), others))
    callers.report()
    time.sleep(seconds)
    quiet = callers.report()
    times, astray = [], 0
    probe = http.client.HTTPConnection("127.0.0.1", ground.port, timeout=30)
    for turn in range(count):
        table = ground.table(_rotated(turn + 1), others)
        begun = time.perf_counter()
        ground.gateway.apply(table)
        times.append(1000 * (time.perf_counter() - begun))
        astray += not _as_owned(probe, buckets(table.routes[0].owners))
    changing = callers.report()
    probe.close()
    _print(quiet, changing, sorted(times), astray, others)


def _as_owned(probe: http.client.HTTPConnection, owners: Sequence[str]) -> bool:
    probe.request("POST", PATH, b"{}")
    answer = probe.getresponse()
    answer.read()
    bucket = int(answer.headers["x-modelyard-bucket"])
    return answer.headers["azureml-model-deployment"] == owners[bucket]


def _print(
    quiet: dict[str, Any], changing: dict[str, Any], times: list[float], astray: int, others: int
) -> None:
    print(f"{len(times):,} changes, {others} other services split\n")
    print("| | requests/s | p50, ms | p99, ms | failed |\n| --- | ---: | ---: | ---: | ---: |")
    for name, said in (("quiet", quiet), ("changing", changing)):
        rate = sum(said["versions"].values()) / said["seconds"]
        failed = sum(said["failed"].values())
        print(f"| {name} | {rate:,.0f} | {said['p50']:.2f} | {said['p99']:.2f} | {failed} |")
        for what in said["failed"]:
            print(f"  {what}")
    print("\n| until it is in force | median, ms | p99 | longest |\n| --- | ---: | ---: | ---: |")
    print(f"| goal: 100 ms | {_at(times, 0.5):.1f} | {_at(times, 0.99):.1f} | {times[-1]:.1f} |")
    print(f"\nanswered by who no longer had the bucket: {astray}")
    print("| share asked, % | requests | observed, % | bounds (99.9 %) | within |")
    print(_bounds(changing["versions"], SHARE), "\n", flush=True)


def _at(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def _rotated(turn: int) -> Runs:
    """Who has how much stays; who has which changes."""
    start = random.Random(turn).randrange(BUCKETS)
    line = ["green"] * SHARE + ["blue"] * (BUCKETS - SHARE)
    return runs(line[start:] + line[:start])


@lru_cache
def _six(number: int) -> Runs:
    """Owners among six versions after some changes of their shares."""
    chance = random.Random(number)
    owners: Sequence[str] = ("v0",) * BUCKETS
    for _ in range(5):
        cuts = sorted(chance.randint(0, BUCKETS) for _ in range(5))
        edges = [0, *cuts, BUCKETS]
        owners = reassign(owners, {f"v{n}": edges[n + 1] - edges[n] for n in range(6)})
    return runs(owners)


def _route(name: str, versions: dict[str, str], owners: Runs) -> Route:
    first = next(iter(versions.values()))
    route = Route("ws", name, Auth.OFF, first, id=name, versions=versions)
    return replace(route, owners=owners)


@contextmanager
def _ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="my-traffic-") as folder, ExitStack() as stack:
        home = Path(folder)
        port = next(port for port in range(18700, 18800) if free(port))
        layout = Layout(
            host="127.0.0.1",
            port=port,
            folder=home / "gateway",
            sockets=home / "sockets",
            control_socket=home / "control.sock",
            log=home / "gateway.log",
        )
        gateway = HaproxyGateway(layout, find_haproxy())
        gateway.prepare()
        sockets = (str(home / "blue.sock"), str(home / "green.sock"))
        places = [f"{sockets[0]}=blue", f"{sockets[1]}=green"]
        fronts = stack.enter_context(_process("fronts", *places))
        assert fronts.stdout is not None
        fronts.stdout.readline()
        spec = gateway.process()
        with Path(spec.log).open("ab") as log:
            process = subprocess.Popen(spec.argv, cwd=spec.cwd, stdout=log, stderr=log)
        stack.callback(_end, process)
        while Runtime(layout.master_socket, layout.runtime_socket).stamp() is None:
            time.sleep(0.05)
        yield Ground(gateway, port, sockets)


@contextmanager
def _callers(port: int, connections: int) -> Iterator[Callers]:
    with _process("callers", str(port), PATH, str(connections)) as process:
        yield Callers(process)


@contextmanager
def _process(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    argv = [sys.executable, "-m", "benchmarks.traffic_parts", *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True)
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[Any]") -> None:
    process.kill()
    process.wait()


if __name__ == "__main__":
    main()

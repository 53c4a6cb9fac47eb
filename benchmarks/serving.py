"""
Modelyard beside other servers of models: the same model, rows and client, one core each.

    python -m benchmarks.serving [--quick] [--budget MINUTES] [--servers ours,kserve]
        [--models linear] [--rows 1,100] [--connections 1,16] [--rounds 5] [--seconds 2]
        [--save FILE]

Installs each peer into an environment of its own (cached), checks its answers, weighs it alone,
then asks all in turns; prints Markdown. The whole takes hours. `--budget 20` measures first and
in full what goals are about, the rest once, and begins nothing when the time is up; `--quick`
takes some minutes and leaves spreads wide. With `--save` a second call goes on where the first
one ended, however it did. The client (`serving_peers/client.py`) has the machine's first core,
the servers have the last.
"""

import argparse
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.serving_peers.bare import beside_bare
from benchmarks.serving_peers.base import KINDS, Peer
from benchmarks.serving_peers.goals import goals
from benchmarks.serving_peers.installed import packages_in, version_of
from benchmarks.serving_peers.ours import OURS
from benchmarks.serving_peers.packages import LIBRARIES, SERVERS
from benchmarks.serving_peers.peers import PEERS
from benchmarks.serving_peers.plan import LOOP, Plan, chosen, numbers
from benchmarks.serving_peers.processes import two_cores
from benchmarks.serving_peers.race import Race
from benchmarks.serving_peers.results import Results, read
from benchmarks.serving_peers.starting import Ground, make_models, say
from benchmarks.serving_peers.tables import goal_list, page

ALL: tuple[Peer, ...] = (*OURS, *PEERS)


def options() -> argparse.Namespace:
    """The command line."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    found.add_argument("--quick", action="store_true", help="one model, two sizes, two rounds")
    found.add_argument("--budget", type=float, help="minutes; a brief table that fits into them")
    found.add_argument("--servers", default="", help="of " + ",".join(p.key for p in ALL))
    found.add_argument("--models", default="", help="of " + ",".join(KINDS))
    found.add_argument("--rows", default="")
    found.add_argument("--connections", default="")
    found.add_argument("--rounds", type=int)
    found.add_argument("--seconds", type=float)
    found.add_argument("--starts", type=int, default=1, help="how often each is started alone")
    found.add_argument("--save", type=Path, help="raw numbers as JSON, kept after each step")
    return found.parse_args()


def plan_of(asked: argparse.Namespace) -> Plan:
    """What was asked for. Raises ValueError for what there is not."""
    quick = asked.quick
    kinds = tuple(asked.models.split(",")) if asked.models else KINDS[:1] if quick else KINDS
    if unknown := set(kinds) - set(KINDS):
        raise ValueError(f"No such model: {', '.join(unknown)}. There are {', '.join(KINDS)}.")
    return Plan(
        peers=chosen(ALL, asked.servers),
        kinds=kinds,
        rows=numbers(asked.rows or ("1,10000" if quick else "1,100,10000")),
        connections=numbers(asked.connections or "1,16,64"),
        rounds=asked.rounds or (2 if quick else 5),
        seconds=asked.seconds or (0.6 if asked.budget else 1.0 if quick else 2.0),
        starts=asked.starts,
        loop=not asked.servers or LOOP in asked.servers.split(","),
        brief=asked.budget is not None,
    )


def measure(
    plan: Plan, results: Results, saved: Callable[[], None], late: Callable[[], bool]
) -> None:
    """What is left of the plan, ours beside a bare process first."""
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="mb-", ignore_cleanup_errors=True) as text:
        folder = Path(text)
        ground = Ground(make_models(folder / "m"), cores, folder)
        mine = next((peer for peer in plan.peers if peer.key == "ours"), None)
        if mine is not None and "linear" in plan.kinds and not results.facts:
            results.facts.update(beside_bare(ground, mine, plan.rounds))
            saved()
        Race(plan, ground, results, saved, late).run()


def known(file: Path | None) -> Results:
    """What an earlier call has saved; nothing where there is none."""
    if file is None or not file.exists():
        return Results()
    return read(json.loads(file.read_text()))


def saving(results: Results, file: Path | None) -> Callable[[], None]:
    """What keeps the results, whole at any time; it does nothing without a file."""

    def save() -> None:
        if file is not None:
            part = file.with_suffix(".part")
            part.write_text(json.dumps(results.plain()))
            part.replace(file)

    return save


def deadline(minutes: float | None) -> Callable[[], bool]:
    """Whether so many minutes have gone by; never for None."""
    until = math.inf if minutes is None else time.monotonic() + 60 * minutes
    return lambda: time.monotonic() >= until


def preface(plan: Plan) -> str:
    """When, where and what."""
    today = datetime.now(UTC).date()
    libraries = ", ".join(LIBRARIES).replace("==", " ")
    used = {peer.environment: peer for peer in plan.peers if SERVERS[peer.environment]}
    versions = ", ".join(
        f"{SERVERS[name][0].partition('[')[0]} {version_of(name)}" for name in used
    )
    if "mlserver" in used:
        versions += f", MLServer with uvloop {packages_in('mlserver')['uvloop']}"
    once = " (of one run where no goal is concerned)" if plan.brief else ""
    return (
        f"{today}, {os.cpu_count()} cores of {processor()}, load average"
        f" {os.getloadavg()[1]:.1f}, Python {platform.python_version()}; {libraries}; {versions}."
        f" Medians of {plan.rounds} runs of {plan.seconds:g} s in turns{once}, server and client"
        " on one core each. 'processor' is the time that the server spent on a request."
    )


def processor() -> str:
    """The name that the machine gives its processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    asked = options()
    try:
        plan = plan_of(asked)
    except ValueError as error:
        sys.exit(str(error))
    say(f"about {plan.minutes():.0f} minutes for all of it")
    results, late = known(asked.save), deadline(asked.budget)
    measure(plan, results, saving(results, asked.save), late)
    if late():
        say("The time was up before the end; the same call with --save goes on.")
    print(preface(plan))
    print()
    print(goal_list(goals(results, plan.peers)))
    print()
    print(page(plan, results))


if __name__ == "__main__":
    main()

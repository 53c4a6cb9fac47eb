"""What a server costs beside time: memory, seconds to ready, packages."""

import subprocess
import threading

from benchmarks.serving_peers.asking import Unfit
from benchmarks.serving_peers.base import Peer
from benchmarks.serving_peers.plan import Plan
from benchmarks.serving_peers.results import Weight
from benchmarks.serving_peers.starting import Ground, Running, say

WEIGHING_SECONDS = 1.0
WEIGHING_CONNECTIONS = 16


def weigh(ground: Ground, plan: Plan, peer: Peer, kind: str) -> Weight:
    """Alone: libraries in memory are shared by all environments, and PSS would part them."""
    weight = Weight(peer.key, kind)
    try:
        weight.packages = ground.packages(peer)
        for _ in range(plan.starts):
            with ground.started(peer, kind) as running:
                weight.ready.append(running.ready)
                ground.check(running, kind, tuple(plan.rows))
                weight.memory = max(weight.memory, _peak(ground, plan, running))
    except (Unfit, OSError, subprocess.CalledProcessError) as error:
        weight.problem = str(error)
    said = weight.problem or f"{weight.ready[-1]:.2f} s, {weight.memory / 2**20:.0f} MB"
    say(f"{kind}: {peer.title}: {said}")
    return weight


def _peak(ground: Ground, plan: Plan, running: Running) -> int:
    """The most memory seen while it has much to do."""
    found = [running.server.pss()]
    for count in (min(plan.rows), max(plan.rows)):
        done = threading.Event()

        def watch(done: threading.Event = done) -> None:
            while not done.wait(0.2):
                found.append(running.server.pss())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            ground.load(running, count, WEIGHING_CONNECTIONS, WEIGHING_SECONDS)
        finally:
            done.set()
            watcher.join()
    return max(found)

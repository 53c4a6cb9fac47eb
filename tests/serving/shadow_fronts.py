"""Two fronts for tests of shadows: one that serves, and one that gets copies."""

import os
import signal
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.shadows import COMPARED, MISSED
from modelyard.telemetry.records import Event
from tests.serving.fronts import Front
from tests.serving.ring_records import Handed
from tests.waiting import wait_until

SCRIPT = """
import json, os, time
OFFSET = float(os.environ.get("OFFSET", 0))
def pieces():
    yield "a"
    yield "b"
def run(data):
    asked = json.loads(data)
    if "stream" in asked:
        return pieces()
    if "wait_for" in asked and OFFSET:
        while not os.path.exists(asked["wait_for"]):
            time.sleep(0.01)
    if "large" in asked:
        return "x" * asked["large"]
    if "fail" in asked and OFFSET:
        raise ValueError("not this one")
    x = asked["x"]
    return {"prices": [1, 100.0 + (OFFSET if x > 5 else 0)], "name": "caf\\u00e9"}
"""
"""With OFFSET=10 its answers differ where x is over 5: 110 instead of 100."""


@dataclass
class Pair:
    """``seen`` are the requests of both before this test, and what was missed."""

    served: Front
    shadow: Front
    _before: int = 0
    _missed: dict[str, float] = field(default_factory=dict)

    def begin(self) -> None:
        """What was before does not count."""
        self.mirror(share=0)
        self._before = len(self._events(COMPARED))
        self._missed = self._all_missed()

    def mirror(self, *shadows: Front, share: int = 1000, seconds: float = 600) -> Any:
        """Order it; without ``shadows`` it is the one of the pair."""
        sockets = [str(shadow.socket) for shadow in shadows or (self.shadow,)]
        order = {"version": "green", "share": share, "sockets": sockets}
        return self.served.control(op="shadows", shadows=[order], seconds=seconds)

    def compared(self, count: int = 0) -> list[Event]:
        """All of this test, when there are at least so many."""

        def enough() -> bool:
            return len(self._events(COMPARED)) - self._before >= count

        wait_until(enough, what=f"{count} events, missed {self.missed()}")
        return self._events(COMPARED)[self._before :]

    def missed(self) -> dict[str, float]:
        """How many of this test came to nothing, by the reason."""
        found = {why: n - self._missed.get(why, 0) for why, n in self._all_missed().items()}
        return {why: n for why, n in found.items() if n}

    def _events(self, name: str) -> list[Event]:
        every = Handed(self.served).all()
        return [e for e in every if isinstance(e, Event) and e.name == name]

    def _all_missed(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for event in self._events(MISSED):
            reason = event.dimensions["reason"]
            found[reason] = found.get(reason, 0) + event.measurements["count"]
        return found


def kill(front: Front) -> None:
    """At once, and wait until it is gone."""
    os.kill(front.process.pid, signal.SIGKILL)
    front.process.wait()
    if front.process.stderr is not None:
        front.process.stderr.close()

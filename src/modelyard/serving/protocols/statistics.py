"""
What the statistics extension counts: how many inferences, and where their time went.

Times in nanoseconds, as Triton tells them. ``queue`` is everything between the front having read
a request and run() having begun, the way to the worker included.
Only /infer is counted, not /score.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Duration:
    """How often, and how long in all."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        """One more."""
        self.count += 1
        self.ns += max(0, ns)

    def told(self) -> dict[str, int]:
        """As JSON says it."""
        return {"count": self.count, "ns": self.ns}


@dataclass(slots=True)
class Statistics:
    """The counters of one model since the front started."""

    inferences: int = 0
    last_ms: int = 0
    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    queue: Duration = field(default_factory=Duration)
    read: Duration = field(default_factory=Duration)
    run: Duration = field(default_factory=Duration)
    write: Duration = field(default_factory=Duration)

    def succeeded(
        self, rows: int, *, total: int, read: int, run: int, write: int, now_ms: int
    ) -> None:
        """One request was answered; its parts in ns, ``now_ms`` since the epoch."""
        self.inferences += rows
        self.last_ms = now_ms
        self.success.add(total)
        self.read.add(read)
        self.run.add(run)
        self.write.add(write)
        self.queue.add(total - read - run - write)

    def failed(self, total: int) -> None:
        """One request was refused or its run failed."""
        self.fail.add(total)

    def told(self, name: str, version: str) -> dict[str, Any]:
        """The extension's object for this model."""
        none = Duration().told()
        return {
            "name": name,
            "version": version,
            "last_inference": self.last_ms,
            "inference_count": self.inferences,
            "execution_count": self.success.count,
            "inference_stats": {
                "success": self.success.told(),
                "fail": self.fail.told(),
                "queue": self.queue.told(),
                "compute_input": self.read.told(),
                "compute_infer": self.run.told(),
                "compute_output": self.write.told(),
                "cache_hit": none,
                "cache_miss": none,
            },
            "batch_stats": [],
        }

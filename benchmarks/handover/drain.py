"""The other side of the rings of requests, in a process of its own."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

from modelyard.telemetry.ring import RingReader


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
    readers = [RingReader.open(path) for path in Path(folder).glob("*.requests.ring")]
    started.set()  # type: ignore[attr-defined]
    last = False
    while not last:
        last = stop.wait(0.02)  # type: ignore[attr-defined]
        for reader in readers:
            while found := reader.read():
                count.value += len(found)  # type: ignore[attr-defined]
                reader.release(reader.position)

"""What a front decides, apart from all I/O: who is busy, who restarts when, who is to blame."""

import math
import signal
from collections.abc import Mapping, Sequence

from modelyard.domain.fronts import FrontState

HEALTHY_AFTER = 10.0
"""Seconds a worker must have been ready before its earlier failures are forgotten."""

LOT_MS = 2.0
"""Expected milliseconds of run() that a worker may hold beyond the request it runs."""

LOT_LIMIT = 64
SLOWEST_RESTART = 5.0
SLOWEST_COLD_START = 60.0


def backoff(failures: int) -> float:
    """Seconds to wait before the next start, after that many failures in a row."""
    if failures <= 1:
        return 0.0
    return min(0.1 * 2.0 ** min(failures - 2, 16), SLOWEST_RESTART)


def cold_backoff(failures: int) -> float:
    """Seconds in which no request starts the workers again, after that many failures in a row."""
    return min(2.0 ** min(failures - 1, 16), SLOWEST_COLD_START)


def failures_after(failures: int, ready_for: float) -> int:
    """Failures in a row, when a worker that was ready for so many seconds died."""
    return 1 if ready_for >= HEALTHY_AFTER else failures + 1


def average(previous: float | None, sample: float) -> float:
    """
    The moving average of run() in milliseconds.

    It rises at once and falls slowly: a lot that is too large makes callers wait, a lot that is
    too small costs a system call.
    """
    if previous is None or sample > 4 * previous:
        return sample
    return previous + 0.1 * (sample - previous)


def capacity(average_ms: float | None) -> int:
    """How many requests a worker may hold: one, or as many as run in about ``LOT_MS``."""
    if average_ms is None:
        return 1
    if average_ms <= LOT_MS / LOT_LIMIT:
        return LOT_LIMIT
    return max(1, int(LOT_MS / average_ms))


def shares(waiting: int, held: Sequence[int], room: int) -> list[int]:
    """
    How many waiting requests each worker gets, given how many each holds already.

    Every free worker gets one before any gets a second: a lot is only made when nobody is free.
    """
    given = [0] * len(held)
    for index, count in enumerate(held):
        if waiting and not count:
            given[index] = 1
            waiting -= 1
    for index, count in enumerate(held):
        if waiting <= 0:
            break
        more = min(waiting, max(0, room - count - given[index]))
        given[index] += more
        waiting -= more
    return given


def blame(held: Sequence[int], running: int, unheard: int) -> tuple[list[int], list[int]]:
    """
    Of the requests a dead worker held (ids, in order): which are lost, which were never started.

    ``running`` is what the shared page says (0 for none), ``unheard`` how many more it finished
    than answers came: those ran, so running them again could do a thing twice.
    """
    lost = list(held[: max(0, unheard)])
    if running in held and running not in lost:
        lost.append(running)
    return lost, [id for id in held if id not in lost]


def state(
    *, ready: int, ever_ready: bool, failed: bool, draining: bool, may_be_empty: bool
) -> FrontState:
    """What the front says of itself; ``may_be_empty``: no worker is ready, and that is well."""
    if draining:
        return FrontState.DRAINING
    if failed:
        return FrontState.FAILED
    if ready or (ever_ready and may_be_empty):
        return FrontState.READY
    return FrontState.UNHEALTHY if ever_ready else FrontState.STARTING


def describe_exit(code: int | None) -> str:
    """How a process ended, as the end of a sentence that starts with its name."""
    if code is None:
        return "ended"
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def thread_variables(cpu: float) -> Mapping[str, str]:
    """Variables that keep numerical libraries from starting more threads than there are cores."""
    threads = str(max(1, math.ceil(cpu)))
    names = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "BLIS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "RAYON_NUM_THREADS",
    )
    return dict.fromkeys(names, threads)

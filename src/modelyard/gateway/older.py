"""
HAProxy processes that were replaced by a reload and finish what they have.

One that ends while it is asked may never answer, so each is asked briefly; what cannot be told is
answered with the cautious word, and the caller asks again.
"""

from modelyard.gateway.maps import backend_name
from modelyard.gateway.runtime import Runtime, Unreachable

_BRIEFLY = 0.5


def all_yield(runtime: Runtime) -> bool:
    """Whether each knows that it was replaced, and so takes no decision of its own any more."""
    return all(_yields(runtime, pid) for pid in runtime.workers().old)


def any_busy(runtime: Runtime) -> bool:
    """Whether one of them still waits for a front."""
    return any(_busy(runtime, pid) for pid in runtime.workers().old)


def _yields(runtime: Runtime, pid: int) -> bool:
    try:
        return runtime.info(f"@!{pid}", _BRIEFLY).get("Stopping", "1") == "1"
    except Unreachable:
        return False


def _busy(runtime: Runtime, pid: int) -> bool:
    try:
        rows = runtime.stats(f"@!{pid}", 2, _BRIEFLY)
    except Unreachable:
        return True
    fronts = (row for row in rows if row["pxname"].startswith(backend_name("")))
    return any(int(row["scur"]) > 0 for row in fronts)

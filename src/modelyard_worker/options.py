"""
What the front's HELLO asks of the whole worker.

A process serves one revision, and a script may make answers anywhere (an AMLResponse encodes its
JSON by itself), so these are the process's own and set once, before the script is imported.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple


class Options(NamedTuple):
    """
    ``tracebacks``: an error of run() carries its traceback in the answer.
    ``detect_failures``: an answer that is the text of a caught exception counts as failed.
    ``nan``: 'null', or 'error' where NaN and infinities must not leave.
    """

    tracebacks: bool = False
    detect_failures: bool = False
    nan: str = "null"


_chosen = Options()


def choose(greeting: Mapping[str, Any]) -> None:
    """Take the options out of the front's HELLO; an older front's has none of them."""
    global _chosen
    _chosen = Options(
        tracebacks=bool(greeting.get("tracebacks")),
        detect_failures=bool(greeting.get("detect_failures")),
        nan=str(greeting.get("nan") or "null"),
    )


def chosen() -> Options:
    """The options of this process."""
    return _chosen

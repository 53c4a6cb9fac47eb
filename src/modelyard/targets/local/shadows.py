"""Telling fronts of their shadows: a file beside the specification, and a message."""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from modelyard.domain.fronts import FrontSpec, paths_of
from modelyard.domain.shadows import Shadow, ShadowOrder, ShadowOrders, orders_path
from modelyard.targets.local import control
from modelyard.targets.local.specs import SpecShelf

_log = logging.getLogger(__name__)

_TIMEOUT = 1.0
"""Seconds for an answer: whoever tells has others to tell."""


def orders(shelf: SpecShelf, shadows: Sequence[Shadow], seconds: float) -> ShadowOrders:
    """The same with the sockets of the shadows' fronts; none where none was asked for."""
    return ShadowOrders(
        tuple(ShadowOrder(s.version, s.share, _sockets(shelf.load(s.front))) for s in shadows),
        seconds,
    )


def tell(shelf: SpecShelf, front: str, wanted: ShadowOrders) -> bool:
    """
    Have a front copy for these, now and when it starts anew; False where it does not understand,
    as one of an older release.

    Without shadows the file goes when the front has heard of it, so that a later leader knows
    that it has not.
    """
    spec = shelf.load(front)
    file = orders_path(shelf.path(front))
    if spec is None or not (wanted.shadows or file.exists()):
        return True
    written = True
    try:
        _write(file, wanted)
    except OSError as error:
        written = False
        _log.warning("the shadows of front %s cannot be written to %s: %s", front, file, error)
    message = msgspec.to_builtins(wanted)
    try:
        control.ask(spec.control_socket, "shadows", _TIMEOUT, **message)
    except control.NoFront:
        pass  # it reads the file when it starts
    except control.NoAnswer as problem:
        _log.info("front %s was not told of its shadows: %s", front, problem)
        return False
    if not wanted.shadows:
        forget(shelf, front)
    return written


def forget(shelf: SpecShelf, front: str) -> None:
    """Nothing is ordered of it any more. Repeatable."""
    orders_path(shelf.path(front)).unlink(missing_ok=True)


def _sockets(spec: FrontSpec | None) -> tuple[str, ...]:
    return () if spec is None else paths_of(spec.socket, spec.fronts)


def _write(file: Path, wanted: ShadowOrders) -> None:
    """Whole or not at all. Raises OSError."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(wanted))
        draft.replace(file)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise

"""What a database reports, as errors of ours."""

import re

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from modelyard.domain.errors import BadInput, DiskFull, ModelyardError, Unavailable

FAILURES = (StatementError, PoolTimeout, OverflowError, UnicodeEncodeError)
"""What ``translated`` understands."""


def translated(error: Exception) -> ModelyardError | None:
    """The error of ours that says the same, or None where the fault is our own."""
    cause = error.orig if isinstance(error, StatementError) else error
    if isinstance(cause, ModelyardError):
        return cause
    if isinstance(cause, DataError | OverflowError | UnicodeEncodeError) or isinstance(
        error, DataError
    ):
        return BadInput(f"The database cannot keep this value: {_line(cause)}.")
    if isinstance(error, PoolTimeout):
        return Unavailable("The database is busy: all its connections are in use. Try again.")
    if isinstance(error, OperationalError | InterfaceError) or _lost(error):
        return _operational(cause)
    return None


def _lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _operational(cause: BaseException | None) -> ModelyardError:
    text = _line(cause)
    if re.search(r"disk is full|No space left|disk I/O error", text):
        return DiskFull(f"The database has no room on its disk ({text}). Free some space.")
    if "is locked" in text:
        return Unavailable("The database is locked by another process. Try again.")
    return Unavailable(f"The database does not answer: {text}.")


def _line(cause: BaseException | None) -> str:
    """The first line alone: what follows may repeat the values of the statement."""
    lines = str(cause).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(cause).__name__

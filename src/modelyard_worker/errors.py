"""Errors that are an answer: what a caller did wrong, or a script gave back."""

from __future__ import annotations

from typing import Optional


class Refused(Exception):
    """
    The request is answered with ``status`` and ``{"message", "code", "field"?}``.

    ``field`` is the path of the input that is wrong, such as ``data`` or ``data.age``.
    """

    def __init__(
        self, status: int, message: str, code: str = "bad_input", field: Optional[str] = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.field = field


class BadInput(Refused):
    """What was sent cannot be used."""

    def __init__(self, message: str, field: Optional[str] = None) -> None:
        super().__init__(400, message, "bad_input", field)


class BadOutput(Exception):
    """What run() returned cannot be sent; the message says what to return."""


class BadScript(Exception):
    """The entry script does not keep to the contract; the message says how."""

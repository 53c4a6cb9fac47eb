"""What the collector and a query process say to each other over their socket."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

LENGTH = struct.Struct("<I")
"""Stands before each message."""


class Ask(msgspec.Struct, tag=True, frozen=True):
    """
    A query. ``seconds`` bounds the whole, ``rows`` and ``size`` (bytes) the answer. ``arrow`` asks
    for an Arrow IPC stream instead of JSON.

    Only rows of ``workspace`` are seen where one is named, and of ``since`` (seconds since the
    epoch) on. ``strict``: the caller must learn nothing of other rows, not even from errors.
    ``check``: it is not run, only looked whether it could be.
    """

    text: str
    seconds: float
    rows: int
    size: int
    language: str | None = None
    parameters: Sequence[Any] | Mapping[str, Any] | None = None
    arrow: bool = False
    workspace: str | None = None
    since: float | None = None
    strict: bool = True
    check: bool = False


class Needs(msgspec.Struct, tag=True, frozen=True):
    """Which tables the query reads: their files are wanted now."""

    tables: Sequence[str]


class Files(msgspec.Struct, tag=True, frozen=True):
    """The DuckDB SELECTs of the tables that were asked for."""

    selects: Mapping[str, str]


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Give the query up."""


class Column(msgspec.Struct, frozen=True):
    """One column of an answer; ``type`` as DuckDB names it."""

    name: str
    type: str


class Piece(msgspec.Struct, tag=True, frozen=True):
    """A part of the answer's bytes: rows as JSON arrays with commas between, or Arrow."""

    data: bytes


class Done(msgspec.Struct, tag=True, frozen=True):
    """The answer is whole; ``truncated`` names the limit that cut it: rows, bytes or ''."""

    columns: Sequence[Column]
    count: int
    truncated: str = ""
    language: str = "sql"


class Failed(msgspec.Struct, tag=True, frozen=True):
    """It did not work: an error's code and sentence. ``broken``: this process must end."""

    code: str
    message: str
    broken: bool = False


ToProcess = Ask | Files | Stop
FromProcess = Needs | Piece | Done | Failed

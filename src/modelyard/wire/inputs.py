"""Collected inputs and outputs: the files, and what was erased."""

from datetime import datetime

from modelyard.wire.base import Request, Wire


class CollectedFile(Wire):
    """
    A file of rows of one hour; ``size`` in bytes. Where it is not ``sealed`` rows still come, and
    only the server can read it; ``path`` is on the server.
    """

    model: str
    version: str
    designation: str
    hour: datetime
    rows: int
    size: int
    sealed: bool
    path: str


class Collected(Wire):
    """
    What is kept of a service. Since the collector's start, of all services: ``dropped`` records
    that found no room, ``cut`` rows over a call's limit, ``unreadable`` records, ``crowded`` rows
    of more designations than are taken. ``problem`` says why nothing can be kept now.
    """

    items: list[CollectedFile]
    rows: int
    dropped: int = 0
    cut: int = 0
    unreadable: int = 0
    crowded: int = 0
    problem: str = ""


class EraseRequest(Request):
    """Rows that have this ``value`` in a ``column`` shall go; in hashed ones its hash is found."""

    column: str
    value: str


class Erased(Wire):
    """How many rows went, out of how many files."""

    rows: int
    files: int

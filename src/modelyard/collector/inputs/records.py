"""Records of collected rows, read: whatever a ring holds gives a record or Damaged. Pure."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Bytes = bytes | bytearray | memoryview

SHAPES = ("rows", "matrix", "columns", "tensors")
MOST_NAME = 120
"""Characters of a model's name, a version or a designation."""

_SIZE = struct.Struct("<I")
_AHEAD = 86_400.0
"""Seconds that a record's time may be ahead of ours."""


class Damaged(ValueError):
    """This is no record of collected rows."""


@dataclass(frozen=True, slots=True)
class About:
    """Who writes into a ring; ``columns`` are the policies of the service's columns."""

    workspace: str
    service: str
    version: str = ""
    revision: int = 0
    pid: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Where rows belong: one folder of files."""

    workspace: str
    service: str
    model: str
    version: str
    designation: str


@dataclass(frozen=True, slots=True)
class Record:
    """
    One call of a collector.

    ``time`` in seconds since the epoch; ``shape`` is one of SHAPES and ``said`` what the head says
    of it, ``data`` is behind the head. ``owners`` are the requests' ids row by row where several
    were run together; ``wanted`` the rows of those in the sample, None for all.
    """

    part: Part
    time: float
    request: str
    correlation: str | list[str]
    probability: float
    count: int
    cut: int
    shape: str
    said: Any
    names: tuple[str, ...]
    data: memoryview
    owners: list[str] | None = None
    wanted: list[int] | None = None


def about_of(data: Bytes) -> About:
    """What the ring's head says. Raises Damaged."""
    try:
        said = json.loads(bytes(data))
        columns = {str(name): str(policy) for name, policy in dict(said["columns"]).items()}
        return About(
            str(said["workspace"]),
            str(said["service"]),
            str(said.get("version", "")),
            int(said.get("revision", 0)),
            int(said.get("pid", 0)),
            columns,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged("The head of the ring cannot be read.") from error


def record_of(data: Bytes, about: About, now: float) -> Record:
    """The record. Raises Damaged."""
    try:
        return _record(memoryview(data), about, now)
    except (ValueError, TypeError, KeyError, IndexError, struct.error, AttributeError,
            OverflowError, RecursionError) as error:  # fmt: skip
        raise Damaged(f"A record cannot be read: {error}") from error


def _record(data: memoryview, about: About, now: float) -> Record:
    (size,) = _SIZE.unpack_from(data)
    head = json.loads(bytes(data[4 : 4 + size]))
    count = int(head["n"])
    time = float(head["t"])
    if not 0.0 < time < now + _AHEAD:
        time = now
    shape = next(shape for shape in SHAPES if shape in head)
    names = (str(head[key]) for key in ("m", "v", "d"))
    part = Part(about.workspace, about.service, *(_name(name) for name in names))
    owners, wanted = _owners(head, count)
    correlation = head["c"]
    if isinstance(correlation, list):
        if len(correlation) != count:
            raise Damaged("not one correlation for each row")
        correlation = [str(id) for id in correlation]
    elif owners is not None and correlation == head["r"]:
        correlation = owners  # the request's own id is its correlation
    else:
        correlation = str(correlation)
    probability = float(head["p"])
    if count < 0 or not 0.0 <= probability <= 1.0:
        raise Damaged("a number is out of bounds")
    named = tuple(str(name) for name in head.get("names") or ())
    return Record(
        part, time, str(head["r"]), correlation, probability, count, int(head.get("cut", 0)),
        shape, head[shape], named, data[4 + size :], owners, wanted,
    )  # fmt: skip


def _name(text: str) -> str:
    return text[:MOST_NAME] or "default"


def _owners(head: Mapping[str, Any], count: int) -> tuple[list[str] | None, list[int] | None]:
    """Row by row: of which request it is, and which rows to keep."""
    parts = head.get("parts")
    if not parts:
        return None, None
    if sum(int(rows) for _, rows in parts) != count:
        return None, None  # the script did not collect one row for each that it was given
    owners = [str(id) for id, rows in parts for _ in range(int(rows))]
    keep = head.get("keep")
    if not keep:
        return owners, None
    mask = [flag for (_, rows), flag in zip(parts, keep, strict=True) for _ in range(int(rows))]
    return owners, [at for at, flag in enumerate(mask) if flag]

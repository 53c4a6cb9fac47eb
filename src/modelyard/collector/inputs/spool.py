"""
Rows that are not sealed yet: a file of Arrow IPC streams for each folder and hour.

A batch is appended to all files it concerns, and then ``commit.json`` is replaced: it says how
long each file is and how far each ring was read. So a killed collector neither loses rows nor has
them twice: what was appended behind the committed length is written over. Files are not forced to
the disk before they are sealed: a power cut may cost what the system had not written.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from struct import Struct
from zlib import adler32

import msgspec
from arro3.core import RecordBatch, Table
from arro3.io import read_ipc_stream, write_ipc_stream

from modelyard.collector.inputs.batches import Batch
from modelyard.collector.inputs.records import Part

SUFFIX = ".arrows"
_HEAD = Struct("<II")


class Ring(msgspec.Struct, frozen=True):
    """How far a ring is kept, and how many of its records were dropped by then."""

    position: int
    dropped: int = 0


class Segment(msgspec.Struct, frozen=True):
    """A file: rows of one hour for one folder, ``size`` bytes of it count."""

    token: str
    part: Part
    hour: int
    size: int = 0
    rows: int = 0


class State(msgspec.Struct, frozen=True):
    """What is committed."""

    rings: dict[str, Ring] = {}
    segments: list[Segment] = []


class Spool:
    """For the one thread that collects; ``segments`` may be asked for from any."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._commit = folder / "commit.json"
        self.rings: dict[str, Ring] = {}
        self._open: dict[tuple[Part, int], Segment] = {}
        self._closed: dict[str, Segment] = {}  # takes no more rows; may be sealed already

    @property
    def segments(self) -> list[Segment]:
        """What is not known to be sealed."""
        return [*self._closed.values(), *self._open.values()]

    def path(self, segment: Segment) -> Path:
        """Where its rows lie."""
        return self.folder / f"{segment.token}{SUFFIX}"

    def load(self) -> list[str]:
        """
        Take up what was committed; what to tell people. Raises OSError.

        Where the commit cannot be read, as after a power cut, the files stay for whoever wants
        to look, and what rings still hold is read again.
        """
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        notes = []
        try:
            state = msgspec.json.decode(self._commit.read_bytes(), type=State)
        except FileNotFoundError:
            state = State()
        except (msgspec.DecodeError, UnicodeDecodeError):
            state = State()
            self._commit.rename(self._commit.with_suffix(".damaged"))
            notes.append(f"{self._commit} could not be read; rows that were open are lost.")
        self.rings = dict(state.rings)
        self._open = {}
        self._closed = {segment.token: segment for segment in state.segments}
        known = {self.path(segment).name for segment in state.segments}
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.name not in known and not notes:
                path.unlink(missing_ok=True)  # begun and never committed, or sealed
        return notes

    def append(self, batches: Sequence[Batch], rings: Mapping[str, Ring], gone: set[str]) -> None:
        """
        Keep the rows and the rings' positions, all or nothing; forget the rings of ``gone``.

        Raises OSError; nothing has changed then.
        """
        segments = dict(self._open)
        known = {**self.rings, **rings}
        try:
            for batch in batches:
                key = (batch.part, batch.hour)
                segment = segments.get(key) or Segment(token_hex(8), batch.part, batch.hour)
                data = _framed(batch.rows)
                segments[key] = msgspec.structs.replace(
                    segment, size=segment.size + len(data), rows=segment.rows + batch.rows.num_rows
                )
                _write(self.path(segment), data, segment.size)
            self._save({id: known[id] for id in known if id not in gone}, segments, self._closed)
        except OSError:
            for key in segments.keys() - self._open.keys():
                self.path(segments[key]).unlink(missing_ok=True)
            raise

    def close(self, segment: Segment) -> None:
        """It takes no more rows: further ones of its hour begin another."""
        found = self._open.pop((segment.part, segment.hour), None)
        if found is not None:
            self._closed[found.token] = found

    def forget(self, segment: Segment) -> None:
        """It is sealed. Raises OSError."""
        closed = {token: each for token, each in self._closed.items() if token != segment.token}
        self._save(self.rings, self._open, closed)
        self.path(segment).unlink(missing_ok=True)

    def read(self, segment: Segment) -> list[RecordBatch]:
        """Its rows, as far as they are whole. Raises OSError."""
        return list(_batches(self.path(segment).read_bytes()[: segment.size]))

    def _save(
        self,
        rings: dict[str, Ring],
        segments: dict[tuple[Part, int], Segment],
        closed: dict[str, Segment],
    ) -> None:
        hidden = self._commit.with_name(".commit.tmp")
        state = State(rings, [*closed.values(), *segments.values()])
        try:
            hidden.write_bytes(msgspec.json.encode(state))
            hidden.rename(self._commit)
        except OSError:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)
            raise
        self.rings, self._open, self._closed = rings, segments, closed


def _write(path: Path, data: bytes, at: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, at)
            view, at = view[written:], at + written
        os.ftruncate(descriptor, at)
    finally:
        os.close(descriptor)


def _framed(rows: RecordBatch) -> bytes:
    written = BytesIO()
    write_ipc_stream(Table.from_batches([rows]), written, compression=None)
    stream = written.getvalue()
    return _HEAD.pack(len(stream), adler32(stream)) + stream


def _batches(data: bytes) -> Iterator[RecordBatch]:
    at = 0
    while len(data) - at >= _HEAD.size:
        size, sum_ = _HEAD.unpack_from(data, at)
        stream = data[at + _HEAD.size : at + _HEAD.size + size]
        if len(stream) != size or adler32(stream) != sum_:
            return
        yield from read_ipc_stream(BytesIO(stream))
        at += _HEAD.size + size

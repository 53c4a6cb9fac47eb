"""
The members of a backup, in the order in which they are written and read.

``backup.json`` (format, release, schema, kinds of columns), ``database/TABLE/NUMBER.jsonl``,
``blobs/SHA256``, ``secret.key``, ``ingest.key``, ``collect.key``, ``files/NUMBER`` (telemetry and
collected data), ``files.json`` (where each of these belongs, and its SHA-256: their names are too
long for a tar), and at the end ``complete.json``: what there must be.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from modelyard.bootstrap.archive import Readable, Writer
from modelyard.bootstrap.digests import DigestSet
from modelyard.domain.errors import NotFound
from modelyard.sdk.progress import Progress
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.sql import dumps, references

HEAD, END, SECRET, KEPT = "backup.json", "complete.json", "secret.key", "files.json"
KEYS = (SECRET, "ingest.key", "collect.key")
PART = 1024 * 1024
"""Bytes of rows that are gathered for one member."""


class Summed:
    """A stream that sums what is read of it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._sum = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._sum.update(data)
        return data

    @property
    def digest(self) -> str:
        """The SHA-256 of all that was read."""
        return self._sum.hexdigest()


class Parts:
    """Writes a backup, one part after the other."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._about: Mapping[str, Any] = {}
        self._rows: dict[str, int] = {}
        self._sums: dict[str, str] = {}
        self._wanted = DigestSet()
        self._missing: list[str] = []
        self._files = 0
        self._kept: list[dict[str, str]] = []

    def head(self, about: Mapping[str, Any]) -> None:
        """What is said first; it is written with the schema, which ``database`` finds out."""
        self._about = about

    def database(self, connection: Connection) -> None:
        """Every row; notes which files they refer to."""
        tables = dumps.layout()
        about = {**self._about, "schema": dumps.revision_of(connection), "tables": tables}
        self._add(HEAD, json.dumps(about).encode())
        for table in tables:
            self._rows[table] = self._table(connection, table)
        for _, files in references.manifest_files(connection):
            self._wanted.add(files)
        self._wanted.add(references.run_file_references(connection))

    def files(self, blobs: FileBlobStore) -> None:
        """Every file that the database refers to."""
        with Progress("Saving files", self._total(blobs), show=True) as progress:
            for digest in self._wanted:
                try:
                    stream = blobs.open(digest)
                except NotFound:
                    self._missing.append(digest)
                    continue
                with stream:
                    size = os.fstat(stream.fileno()).st_size
                    self._writer.copy(f"blobs/{digest}", stream, size)
                self._files += 1
                progress.add(size)

    def file(self, name: str, path: Path) -> None:
        """A small file of the home."""
        self._add(name, path.read_bytes())

    def kept(self, files: Iterable[tuple[str, Path]]) -> None:
        """
        Files that do not change, each with its path in the home; what goes away meanwhile was too
        old.
        """
        for name, path in files:
            try:
                stream = path.open("rb")
            except FileNotFoundError:
                continue
            with stream:
                size = os.fstat(stream.fileno()).st_size
                summed = Summed(stream)
                self._writer.copy(f"files/{len(self._kept):06}", summed, size)
            self._kept.append({"path": name, "sha256": summed.digest})

    def end(self) -> list[str]:
        """What a whole backup has; the digests of files that were not there."""
        self._add(KEPT, json.dumps(self._kept).encode())
        document = {
            "rows": self._rows,
            "files": self._files,
            "missing": self._missing,
            "sha256": self._sums,
        }
        self._writer.add(END, json.dumps(document).encode())
        self._writer.close()
        return self._missing

    def _table(self, connection: Connection, table: str) -> int:
        count, number, lines, size = 0, 0, [], 0
        for row in dumps.rows(connection, table):
            lines.append(dumps.to_line(row))
            count, size = count + 1, size + len(lines[-1])
            if size >= PART:
                self._add(f"database/{table}/{number:06}.jsonl", b"".join(lines))
                number, lines, size = number + 1, [], 0
        if lines:
            self._add(f"database/{table}/{number:06}.jsonl", b"".join(lines))
        return count

    def _add(self, name: str, data: bytes) -> None:
        self._sums[name] = hashlib.sha256(data).hexdigest()
        self._writer.add(name, data)

    def _total(self, blobs: FileBlobStore) -> int:
        """Bytes of the files, for the line of progress."""
        return sum(filter(None, (blobs.size(digest) for digest in self._wanted)))

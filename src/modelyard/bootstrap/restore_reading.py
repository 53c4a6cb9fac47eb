"""Reading a backup into a draft: the database's rows and the files, each one checked."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection

from modelyard.bootstrap.archive import Member, members
from modelyard.bootstrap.backup import FORMAT
from modelyard.bootstrap.backup_parts import END, HEAD, KEPT, KEYS
from modelyard.bootstrap.digests import DigestSet
from modelyard.bootstrap.restore_kept import KeptFiles
from modelyard.bootstrap.restore_services import begin_anew
from modelyard.domain.errors import BadArchive, Conflict
from modelyard.domain.manifests import check_digest
from modelyard.sdk.progress import human
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.sql import dumps, references

_LARGEST_PART = 1024**3
"""A row is written whole, and the list of a huge folder is one row."""


class Reading:
    """One backup being read into the folder ``draft`` and an empty database."""

    def __init__(self, draft: Path) -> None:
        self._draft = draft
        self._blobs = FileBlobStore(draft)
        self._stored = DigestSet()
        self._sums: dict[str, str] = {}
        self._about: Mapping[str, Any] = {}
        self._end: Mapping[str, Any] | None = None
        self._rows: dict[str, int] = {}
        self._bytes = 0
        self._kept = KeptFiles(draft)

    def read(self, stream: BinaryIO, connection: Connection) -> None:
        """All of it. Raises BadArchive for a torn or foreign one, Conflict for a newer one."""
        for member in members(stream):
            if self._end is not None:
                raise BadArchive(f"{member.name!r} stands behind the end of the backup.")
            self._take(member, connection)
        if self._end is None:
            raise BadArchive("The backup is torn: its end is missing.")
        dumps.finish(connection, self._about["tables"])
        self._check_whole(connection, self._end)
        begin_anew(connection)

    def summary(self) -> str:
        """What a person wants to know."""
        counts = [
            f"{self._rows.get(table, 0)} {table}" for table in ("models", "runs", "services")
        ]
        kept = f", {self._kept.count} files of telemetry and data" if self._kept.count else ""
        return f"{', '.join(counts)}{kept} and {len(self._stored)} files ({human(self._bytes)})"

    def _take(self, member: Member, connection: Connection) -> None:
        if not self._about:
            self._begin(member, connection)
            return
        match member.name.split("/"):
            case ["database", table, _] if table in self._about["tables"]:
                lines = self._summed(member).split(b"\n")
                columns = self._about["tables"][table]
                count = dumps.load(connection, table, columns, filter(None, lines))
                self._rows[table] = self._rows.get(table, 0) + count
            case ["blobs", digest]:
                self._keep(member, digest)
            case ["files", number]:
                self._kept.take(number, member)
            case [name] if name == KEPT:
                self._kept.place(self._summed(member))
            case [name] if name in KEYS:
                path = self._draft / name
                path.touch(mode=0o600)
                path.write_bytes(self._summed(member))
            case [name] if name == END:
                self._end = _document(member)
            case _:
                raise BadArchive(f"{member.name!r} does not belong into a backup.")

    def _begin(self, member: Member, connection: Connection) -> None:
        if member.name != HEAD:
            raise BadArchive(f"This is no backup of Modelyard: it begins with {member.name!r}.")
        data = self._summed(member)
        about = _parsed(HEAD, data)
        if not isinstance(about.get("format"), int) or not isinstance(about.get("tables"), dict):
            raise BadArchive("This is no backup of Modelyard: it does not say its format.")
        if about["format"] > FORMAT:
            raise Conflict(
                f"The backup was made by the newer release {about.get('release')}. Install that "
                "release or a newer one, then restore again."
            )
        dumps.create(connection, str(about.get("schema")), release=str(about.get("release")))
        self._about = about

    def _summed(self, member: Member) -> bytes:
        data = member.whole(_LARGEST_PART)
        self._sums[member.name] = hashlib.sha256(data).hexdigest()
        return data

    def _keep(self, member: Member, digest: str) -> None:
        found, size = self._blobs.put(cast("BinaryIO", member))
        if found != check_digest(digest):
            raise BadArchive(f"The file {digest} in the backup is damaged: it has {found} now.")
        self._stored.add([digest])
        self._bytes += size

    def _check_whole(self, connection: Connection, end: Mapping[str, Any]) -> None:
        rows = {table: count for table, count in end.get("rows", {}).items() if count}
        if self._sums != end.get("sha256") or rows != self._rows or self._kept.waiting:
            raise BadArchive("The backup is torn: its database is not what was saved.")
        missing = set(end.get("missing", []))
        for _, files in references.manifest_files(connection):
            self._check_files(files, missing)
        self._check_files(references.run_file_references(connection), missing)

    def _check_files(self, files: Any, missing: set[str]) -> None:
        for digest in files:
            if digest not in missing and digest not in self._stored:
                raise BadArchive(f"The backup is torn: the file {digest} is not in it.")


class _Counted:
    def __init__(self, stream: BinaryIO, add: Callable[[int], None]) -> None:
        self._stream = stream
        self._add = add

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._add(len(data))
        return data


def counted(stream: BinaryIO, add: Callable[[int], None]) -> BinaryIO:
    """The stream, saying how much was read of it."""
    return cast("BinaryIO", _Counted(stream, add))


def _document(member: Member) -> Mapping[str, Any]:
    return _parsed(member.name, member.whole(_LARGEST_PART))


def _parsed(name: str, data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise BadArchive(f"{name} in the backup cannot be read: {error}.") from error
    if not isinstance(document, dict):
        raise BadArchive(f"{name} in the backup cannot be read.")
    return document

"""A backup of every earlier release's schema can be restored by this one."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from modelyard.bootstrap.archive import Writer, members
from modelyard.bootstrap.backup import backup
from modelyard.bootstrap.restore import restore
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.schema import REVISIONS
from modelyard.stores.sql.upgrade import upgrade
from tests.bootstrap.filled import filled, home, opened


def columns_at(revision: str, folder: Path) -> dict[str, set[str]]:
    """Every table of that revision with its columns."""
    database = Database(connect(f"sqlite:///{folder}/{revision}.db"))
    with database.write() as connection:
        upgrade(connection, revision)
        found = inspect(connection)
        tables = {t: {c["name"] for c in found.get_columns(t)} for t in found.get_table_names()}
    database.close()
    return tables


def cut_back(archive: bytes, revision: str, known: dict[str, set[str]]) -> bytes:
    """The backup as a release of that revision would have written it."""
    stream, out, sums = Writer(result := io.BytesIO()), result, {}

    def add(name: str, data: bytes) -> None:
        sums[name] = hashlib.sha256(data).hexdigest()
        stream.add(name, data)

    for member in members(io.BytesIO(archive)):
        data = member.whole(10**9)
        if member.name == "backup.json":
            about: dict[str, Any] = json.loads(data)
            about["schema"], about["format"] = revision, 1
            about["tables"] = {
                table: {c: kind for c, kind in columns.items() if c in known[table]}
                for table, columns in about["tables"].items()
                if table in known
            }
            add(member.name, json.dumps(about).encode())
        elif member.name.startswith("database/"):
            table = member.name.split("/")[1]
            if table in known:
                rows = [json.loads(line) for line in data.splitlines()]
                kept = [{c: row[c] for c in row if c in known[table]} for row in rows]
                add(member.name, b"".join(json.dumps(row).encode() + b"\n" for row in kept))
        elif member.name == "complete.json":
            end = {**json.loads(data), "sha256": sums}
            end["rows"] = {t: n for t, n in end["rows"].items() if t in known}
            stream.add(member.name, json.dumps(end).encode())
        elif member.name == "secret.key":
            add(member.name, data)
        elif member.name not in {"files.json", "ingest.key"}:
            stream.add(member.name, data)
    stream.close()
    return out.getvalue()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_backup_of_that_schema_is_brought_up_to_date(revision: str, tmp_path: Path) -> None:
    old = filled(home(tmp_path / "old"))
    stream = io.BytesIO()
    backup(old.settings, stream)
    written = cut_back(stream.getvalue(), revision, columns_at(revision, tmp_path))

    restore(home(tmp_path / "new"), io.BytesIO(written), replace=False)

    new = opened(home(tmp_path / "new"))
    assert new.stores.models.list("tracks") == old.stores.models.list("tracks")
    assert new.stores.services.keys("svc-steady") == old.stores.services.keys("svc-steady")
    assert new.rows()["workspaces"] == old.rows()["workspaces"]
    old.close()
    new.close()

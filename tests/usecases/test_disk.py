"""How much of the disk each part and each workspace uses."""

import io
from datetime import UTC, datetime
from pathlib import Path

from modelyard.domain.workspaces import Workspace
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import MemoryBlobStore, memory_stores
from modelyard.usecases.disk import DiskUse, size_of


class NoEnvironments:
    """A builder that has built nothing; only what is counted is asked of it."""

    def digests(self) -> list[str]:
        return []

    def find(self, digest: str) -> None:
        raise AssertionError(digest)


def test_parts_and_workspaces_are_counted_and_remembered_for_a_while(tmp_path: Path) -> None:
    stores, blobs, clock = memory_stores(), MemoryBlobStore(), FakeClock()
    stores.workspaces.add(Workspace("ws-1", "mine", datetime(2026, 1, 1, tzinfo=UTC)))
    blobs.put(io.BytesIO(b"12345"))
    (tmp_path / "logs/deep").mkdir(parents=True)
    (tmp_path / "logs/deep/a.log").write_bytes(b"x" * 30)
    parts = {"logs": [tmp_path / "logs"], "database": [tmp_path / "none.db"]}
    disk = DiskUse(parts, stores.usage, blobs, NoEnvironments(), clock)  # type: ignore[arg-type]

    first = disk.show()
    blobs.put(io.BytesIO(b"678"))
    again = disk.show()
    clock.advance(60)
    later = disk.show()

    assert first == {
        "files": 5, "environments": 0, "logs": 30, "database": 0, "workspace mine": 0
    }  # fmt: skip
    assert again == first
    assert later["files"] == 8


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 5000)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to(tmp_path / "big")

    assert size_of(tmp_path / "folder") < 5000

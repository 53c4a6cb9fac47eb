"""What a folder of files must do beyond the port: full disks, killed processes, permissions."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelyard.domain.errors import BadInput, DiskFull
from modelyard.stores.blobs import FileBlobStore
from modelyard.testing.conformance.stores.samples import at_once, manifest, sha256
from tests.stores.small_disk import SmallDisk
from tests.waiting import wait_until

MEGABYTE = bytes(1024 * 1024)


def files(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def test_a_file_lies_by_its_digest_and_is_read_only(tmp_path: Path) -> None:
    digest, _ = FileBlobStore(tmp_path).put(io.BytesIO(b"a"))

    assert files(tmp_path) == [f"blobs/{digest[:2]}/{digest[2:]}"]
    assert (tmp_path / files(tmp_path)[0]).stat().st_mode & 0o777 == 0o440


def test_two_stores_over_one_folder_share_what_they_have(tmp_path: Path) -> None:
    data, stores = b"x" * 300_000, [FileBlobStore(tmp_path), FileBlobStore(tmp_path)]
    chunks = [data[i : i + 1000] for i in range(0, len(data), 1000)]

    at_once(8, lambda i: stores[i % 2].append(sha256(data), 0, iter(chunks), last=True))

    assert len(files(tmp_path)) == 1
    assert stores[0].usage() == len(data)


def test_the_upload_of_a_killed_process_goes_on(tmp_path: Path) -> None:
    digest = sha256(b"hello world")
    code = (
        "import sys, signal; from pathlib import Path; from modelyard.stores.blobs import *\n"
        "def chunks():\n    yield b'hello'\n    print('written', flush=True)\n    signal.pause()\n"
        "FileBlobStore(Path(sys.argv[1])).append(sys.argv[2], 0, chunks(), last=True)"
    )
    uploader = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), digest], stdout=subprocess.PIPE
    )
    try:
        assert uploader.stdout is not None
        assert uploader.stdout.readline() == b"written\n"
        blobs = FileBlobStore(tmp_path)
        assert blobs.upload_size(digest) == 0  # somebody is still at it
    finally:
        uploader.send_signal(signal.SIGKILL)
        uploader.communicate(timeout=20)

    wait_until(lambda: blobs.upload_size(digest) == 5)
    blobs.append(digest, 5, [b" world"], last=True)

    assert blobs.has(digest)
    assert len(files(tmp_path)) == 1


def test_damage_to_an_unfinished_upload_is_found(tmp_path: Path) -> None:
    blobs, digest = FileBlobStore(tmp_path), sha256(b"hello world")
    blobs.append(digest, 0, [b"hello"], last=False)
    (tmp_path / files(tmp_path)[0]).write_bytes(b"hallo")

    with pytest.raises(BadInput, match="upload it again"):
        blobs.append(digest, 5, [b" world"], last=True)

    assert files(tmp_path) == []


def test_an_upload_to_a_full_disk_goes_on_when_there_is_room(small_disk: SmallDisk) -> None:
    blobs = FileBlobStore(small_disk.folder)
    data = MEGABYTE * 2
    digest = sha256(data)
    small_disk.fill(leave=1_500_000)

    with pytest.raises(DiskFull, match="Free some space"):
        blobs.append(digest, 0, iter([MEGABYTE, MEGABYTE]), last=True)

    received = blobs.upload_size(digest)
    assert 1_000_000 < received < len(data)
    assert not blobs.has(digest)
    small_disk.clear()
    blobs.append(digest, received, [data[received:]], last=True)
    with blobs.open(digest) as file:
        assert file.read() == data


def test_putting_on_a_full_disk_leaves_nothing(small_disk: SmallDisk) -> None:
    blobs = FileBlobStore(small_disk.folder)
    small_disk.fill(leave=1_500_000)

    with pytest.raises(DiskFull):
        blobs.put(io.BytesIO(MEGABYTE * 2))

    assert files(small_disk.folder) == ["filler"]
    assert blobs.usage() == 0


def test_laying_out_on_a_full_disk_leaves_nothing(small_disk: SmallDisk, tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "store")
    blobs.put(io.BytesIO(MEGABYTE))
    small_disk.fill(leave=1_500_000)
    folder = small_disk.folder / "app"

    with pytest.raises(DiskFull):
        blobs.lay_out(manifest({"a": MEGABYTE, "b": MEGABYTE}), folder)

    assert [path.name for path in small_disk.folder.iterdir()] == ["filler"]


def test_files_are_laid_out_on_another_disk_too(small_disk: SmallDisk, tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "store")
    blobs.put(io.BytesIO(MEGABYTE))

    blobs.lay_out(manifest({"a": MEGABYTE}), small_disk.folder / "app")

    assert (small_disk.folder / "app" / "a").read_bytes() == MEGABYTE


def test_many_files_are_laid_out(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "store")
    contents = {f"d{n % 7}/f{n}": str(n).encode() for n in range(200)}
    for data in contents.values():
        blobs.put(io.BytesIO(data))

    blobs.lay_out(manifest(contents), tmp_path / "app")

    assert len(files(tmp_path / "app")) == 200
    assert (tmp_path / "app" / "d3" / "f3").read_bytes() == b"3"


def test_who_is_told_that_a_file_is_there_finds_it_after_a_sweep(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    digest, _ = blobs.put(io.BytesIO(b"old"))
    os.utime(tmp_path / files(tmp_path)[0], (0, 0))

    assert blobs.missing([digest]) == []

    assert blobs.sweep([], datetime(2020, 1, 1, tzinfo=UTC)) == (0, 0)
    assert blobs.has(digest)


def test_a_sweep_leaves_uploads_that_are_going_on(tmp_path: Path) -> None:
    blobs, digest = FileBlobStore(tmp_path), sha256(b"hello")

    def chunks() -> Iterator[bytes]:
        yield b"hel"
        assert blobs.sweep([], datetime(2200, 1, 1, tzinfo=UTC)) == (0, 0)
        yield b"lo"

    blobs.append(digest, 0, chunks(), last=True)

    assert blobs.has(digest)


def test_what_a_killed_sweep_left_behind_goes_with_the_next(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    left = tmp_path / "uploads" / "swept.abc"
    left.write_bytes(b"old")
    left.chmod(0o440)

    assert blobs.sweep([], datetime(2200, 1, 1, tzinfo=UTC)) == (1, 3)
    assert files(tmp_path) == []


def test_an_ordinary_user_can_lay_out_and_change_the_copy(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write to anything")
    blobs = FileBlobStore(tmp_path / "store")
    blobs.put(io.BytesIO(b"a"))

    blobs.lay_out(manifest({"a": b"a"}), tmp_path / "app")
    (tmp_path / "app" / "a").write_bytes(b"changed")

    assert (tmp_path / "app" / "a").read_bytes() == b"changed"

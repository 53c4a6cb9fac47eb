"""What ``BlobStore`` promises."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelyard.domain.errors import BadInput, Conflict, NotFound
from modelyard.ports import BlobStore
from modelyard.testing.conformance.stores.samples import at_once, manifest, sha256

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2200, 1, 1, tzinfo=UTC)


class BlobStoreSuite:
    """Inherit and give a fixture ``blobs``, a new, empty store."""

    def test_what_was_put_is_read_again(self, blobs: BlobStore) -> None:
        data = bytes(range(256)) * 10_000

        digest, size = blobs.put(io.BytesIO(data))

        assert (digest, size) == (sha256(data), len(data))
        assert blobs.has(digest)
        with blobs.open(digest) as file:
            assert file.read() == data

    def test_the_same_bytes_are_kept_once(self, blobs: BlobStore) -> None:
        for _ in range(2):
            blobs.put(io.BytesIO(b"same"))
        blobs.append(sha256(b"same"), 0, [b"same"], last=True)

        assert blobs.usage() == 4

    def test_no_bytes_are_a_file_too(self, blobs: BlobStore) -> None:
        assert blobs.append(sha256(b""), 0, [], last=True) == 0
        assert blobs.has(sha256(b""))

    def test_an_upload_in_parts_is_verified_and_put_in_place(self, blobs: BlobStore) -> None:
        digest = sha256(b"hello world")

        assert blobs.append(digest, 0, [b"he", b"llo"], last=False) == 5
        assert blobs.upload_size(digest) == 5
        assert not blobs.has(digest)
        assert blobs.append(digest, 5, [b" world"], last=True) == 11

        assert blobs.has(digest)
        assert blobs.upload_size(digest) == 0

    def test_an_upload_may_end_without_further_bytes(self, blobs: BlobStore) -> None:
        digest = sha256(b"hello")
        blobs.append(digest, 0, [b"hello"], last=False)

        assert blobs.append(digest, 5, [], last=True) == 5
        assert blobs.has(digest)

    def test_a_broken_upload_goes_on_where_it_stopped(self, blobs: BlobStore) -> None:
        digest = sha256(b"hello world")

        def torn() -> Iterator[bytes]:
            yield b"hello"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            blobs.append(digest, 0, torn(), last=True)

        assert blobs.upload_size(digest) == 5
        blobs.append(digest, 5, [b" world"], last=True)
        assert blobs.has(digest)

    def test_a_wrong_offset_is_refused_with_the_right_one(self, blobs: BlobStore) -> None:
        digest = sha256(b"hello world")
        blobs.append(digest, 0, [b"hello"], last=False)

        for wrong in (0, 4, 6):
            with pytest.raises(Conflict, match="5 bytes") as refusal:
                blobs.append(digest, wrong, [b"x"], last=False)
            assert refusal.value.details == {"size": 5}

        assert blobs.upload_size(digest) == 5

    def test_other_bytes_than_promised_are_refused_and_forgotten(self, blobs: BlobStore) -> None:
        digest = sha256(b"right")

        with pytest.raises(BadInput, match=digest):
            blobs.append(digest, 0, [b"wrong"], last=True)

        assert not blobs.has(digest)
        assert blobs.upload_size(digest) == 0
        assert blobs.usage() == 0

    def test_a_finished_upload_may_be_repeated(self, blobs: BlobStore) -> None:
        digest = sha256(b"hello")
        blobs.append(digest, 0, [b"hello"], last=True)

        assert blobs.append(digest, 3, [b"lo"], last=True) == 5
        assert blobs.append(digest, 0, [b"hello"], last=False) == 5
        assert blobs.upload_size(digest) == 0

    def test_an_upload_beside_a_slow_one_of_the_same_bytes_succeeds(
        self, blobs: BlobStore
    ) -> None:
        digest = sha256(b"hello")

        def slow() -> Iterator[bytes]:
            yield b"hel"
            assert blobs.append(digest, 0, [b"hello"], last=True) == 5  # the other one, meanwhile
            yield b"lo"

        assert blobs.append(digest, 0, slow(), last=True) == 5
        assert blobs.usage() == 5

    def test_sixteen_uploads_of_the_same_bytes_at_once_are_one_file(
        self, blobs: BlobStore
    ) -> None:
        data = b"x" * 100_000
        digest = sha256(data)
        parts = [data[i : i + 10_000] for i in range(0, len(data), 10_000)]

        sizes = at_once(16, lambda _: blobs.append(digest, 0, iter(parts), last=True))

        assert set(sizes) == {len(data)}
        assert blobs.usage() == len(data)
        with blobs.open(digest) as file:
            assert file.read() == data

    def test_the_missing_are_named_once_in_the_order_asked(self, blobs: BlobStore) -> None:
        there, _ = blobs.put(io.BytesIO(b"there"))
        a, b = sha256(b"a"), sha256(b"b")

        assert blobs.missing([b, there, a, b]) == [b, a]

    def test_what_is_no_digest_is_refused(self, blobs: BlobStore) -> None:
        for bad in ("../../etc/passwd", "", "A" * 64, "a" * 63):
            with pytest.raises(BadInput):
                blobs.has(bad)
            with pytest.raises(BadInput):
                blobs.open(bad)
            with pytest.raises(BadInput):
                blobs.append(bad, 0, [b""], last=True)
            with pytest.raises(BadInput):
                blobs.upload_size(bad)

    def test_a_missing_file_is_named(self, blobs: BlobStore) -> None:
        with pytest.raises(NotFound, match=sha256(b"x")):
            blobs.open(sha256(b"x"))

    def test_a_manifest_is_laid_out(self, blobs: BlobStore, tmp_path: Path) -> None:
        files = {"score.py": b"print()", "lib/deep/tool.sh": b"#!/bin/sh\n", "empty": b""}
        for data in files.values():
            blobs.put(io.BytesIO(data))
        folder = tmp_path / "not" / "there" / "yet"

        blobs.lay_out(manifest(files, run=["lib/deep/tool.sh"]), folder)

        assert _tree(folder) == files
        assert (folder / "lib/deep/tool.sh").stat().st_mode & 0o777 == 0o755
        assert (folder / "score.py").stat().st_mode & 0o777 == 0o644
        assert [path.name for path in folder.parent.iterdir()] == ["yet"]

    def test_a_single_file_is_laid_out_by_its_name(self, blobs: BlobStore, tmp_path: Path) -> None:
        blobs.put(io.BytesIO(b"weights"))

        blobs.lay_out(manifest({"model.pkl": b"weights"}, single=True), tmp_path / "1")

        assert _tree(tmp_path / "1") == {"model.pkl": b"weights"}

    def test_laying_out_again_and_beside_others_does_no_harm(
        self, blobs: BlobStore, tmp_path: Path
    ) -> None:
        blobs.put(io.BytesIO(b"new"))
        (tmp_path / "app" / "models").mkdir(parents=True)
        (tmp_path / "app" / "models" / "m").write_bytes(b"kept")
        (tmp_path / "app" / "a").write_bytes(b"old")

        for _ in range(2):
            blobs.lay_out(manifest({"a": b"new", "b/c": b"new"}), tmp_path / "app")

        expected = {"models/m": b"kept", "a": b"new", "b/c": b"new"}
        assert _tree(tmp_path / "app") == expected

    def test_nothing_is_laid_out_when_a_file_is_missing(
        self, blobs: BlobStore, tmp_path: Path
    ) -> None:
        blobs.put(io.BytesIO(b"a"))
        folder = tmp_path / "app"

        with pytest.raises(NotFound, match="'b'"):
            blobs.lay_out(manifest({"a": b"a", "b": b"b"}), folder)

        assert list(tmp_path.iterdir()) == []

    def test_a_change_of_what_was_laid_out_does_not_reach_the_store(
        self, blobs: BlobStore, tmp_path: Path
    ) -> None:
        digest, _ = blobs.put(io.BytesIO(b"original"))
        blobs.lay_out(manifest({"a": b"original"}), tmp_path / "app")

        (tmp_path / "app" / "a").write_bytes(b"changed!")

        with blobs.open(digest) as file:
            assert file.read() == b"original"

    def test_a_sweep_removes_what_is_not_kept(self, blobs: BlobStore) -> None:
        kept, _ = blobs.put(io.BytesIO(b"kept"))
        dropped, _ = blobs.put(io.BytesIO(b"dropped"))
        blobs.append(sha256(b"other"), 0, [b"oth"], last=False)

        assert blobs.sweep([kept], FAR_AHEAD) == (2, 10)

        assert blobs.missing([kept, dropped]) == [dropped]
        assert blobs.upload_size(sha256(b"other")) == 0
        assert blobs.usage() == 4
        assert blobs.sweep([kept], FAR_AHEAD) == (0, 0)

    def test_a_sweep_leaves_what_was_touched_of_late(self, blobs: BlobStore) -> None:
        digest, _ = blobs.put(io.BytesIO(b"new"))

        assert blobs.sweep([], LONG_AGO + timedelta(days=1)) == (0, 0)
        assert blobs.has(digest)


def _tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

"""Archives of strangers, and manifests."""

import gzip
import io
import tarfile
from collections.abc import Callable

import pytest

from modelyard.domain.errors import BadArchive, BadInput
from modelyard.wire.blobs import FileEntry, ManifestRequest
from tests.usecases.yard import Yard, sha, tar_of


def a_tar(build: Callable[[tarfile.TarFile], None]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        build(tar)
    return io.BytesIO(buffer.getvalue())


def member(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"x", link: str = "") -> object:
    def build(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        info.size = len(data) if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(data))

    return build


def twice(tar: tarfile.TarFile) -> None:
    for _ in range(2):
        member("a.py")(tar)  # type: ignore[operator]


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(member("../evil"), id="dots"),
        pytest.param(member("a/../../evil"), id="dots inside"),
        pytest.param(member("/etc/passwd"), id="absolute"),
        pytest.param(member("a\\b"), id="backslash"),
        pytest.param(member("link", tarfile.SYMTYPE, link="/etc/passwd"), id="symbolic link"),
        pytest.param(member("link", tarfile.LNKTYPE, link="/etc/passwd"), id="hard link"),
        pytest.param(member("pipe", tarfile.FIFOTYPE), id="pipe"),
        pytest.param(member("disk", tarfile.BLKTYPE), id="device"),
        pytest.param(twice, id="the same name twice"),
    ],
)
def test_a_dangerous_archive_is_refused_and_nothing_is_stored(
    yard: Yard, build: Callable[[tarfile.TarFile], None]
) -> None:
    def with_a_good_one_first(tar: tarfile.TarFile) -> None:
        member("good.py", data=b"good")(tar)  # type: ignore[operator]
        build(tar)

    with pytest.raises(BadArchive):
        yard.cases.snapshots.add_tar(a_tar(with_a_good_one_first))

    assert not yard.adapters.blobs.has(sha(b"good"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"nonsense", id="text"),
        pytest.param(b"\x1f\x8bnonsense", id="gzip's first bytes alone"),
        pytest.param(tar_of({"a": b"x" * 5000})[:3000], id="a torn tar"),
        pytest.param(gzip.compress(b"")[:9], id="a torn gzip"),
    ],
)
def test_what_is_no_archive_is_refused(yard: Yard, data: bytes) -> None:
    with pytest.raises(BadArchive):
        yard.cases.snapshots.add_tar(io.BytesIO(data))


def test_a_header_that_would_fill_the_memory_is_refused(yard: Yard) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**30
    bomb = info.tobuf() + bytes(1024)

    with pytest.raises(BadArchive, match="too long"):
        yard.cases.snapshots.add_tar(io.BytesIO(bomb))


def test_more_than_is_allowed_does_not_come_out_of_a_small_archive(yard: Yard) -> None:
    packed = gzip.compress(tar_of({"big": bytes(yard.settings.max_upload + 1)}))

    with pytest.raises(BadInput, match="limit"):
        yard.cases.snapshots.add_tar(io.BytesIO(packed))


def test_a_good_archive_becomes_a_manifest(yard: Yard) -> None:
    packed = gzip.compress(tar_of({"./score.py": "x", "lib/a.py": "y"}))

    manifest = yard.cases.snapshots.add_tar(io.BytesIO(packed))

    assert [f.path for f in manifest.files] == ["lib/a.py", "score.py"]
    assert yard.stores.snapshots.get(manifest.digest) == manifest


def test_a_manifest_needs_its_files(yard: Yard) -> None:
    entry = FileEntry(path="a.py", sha256="1" * 64, size=1)

    with pytest.raises(BadInput, match=r"'a\.py'") as caught:
        yard.cases.snapshots.add(ManifestRequest(files=[entry]))

    assert caught.value.details["missing"] == ["1" * 64]


def test_a_pack_holds_files_named_by_their_digest(yard: Yard) -> None:
    pack = tar_of({sha(b"one"): b"one", sha(b"two"): b"two"})

    assert yard.cases.blobs.put_pack(io.BytesIO(pack)) == 2
    assert yard.adapters.blobs.open(sha(b"two")).read() == b"two"


@pytest.mark.parametrize("files", [{"a.py": b"x"}, {"0" * 64: b"x"}])
def test_a_pack_with_another_name_is_refused(yard: Yard, files: dict[str, bytes]) -> None:
    with pytest.raises(BadInput):
        yard.cases.blobs.put_pack(io.BytesIO(tar_of(files)))

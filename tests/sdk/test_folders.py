import os
from pathlib import Path

import pytest

from modelyard.domain.errors import BadInput
from modelyard.sdk.folders import bundle_of, content_of, walk
from modelyard.sdk.ignore import Ignore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "sub").mkdir(parents=True)
    (made / "a.txt").write_text("a")
    (made / "sub" / "b.bin").write_bytes(b"\0" * 3)
    return made


def test_a_folder_is_registered_under_its_own_name(folder: Path) -> None:
    bundle = bundle_of(folder)

    assert [f.path for f in bundle.manifest.files] == ["made/a.txt", "made/sub/b.bin"]
    assert not bundle.manifest.single


def test_a_file_is_registered_alone(folder: Path) -> None:
    bundle = bundle_of(folder / "a.txt")

    assert [f.path for f in bundle.manifest.files] == ["a.txt"]
    assert bundle.manifest.single


def test_the_content_of_a_source_folder_leaves_out_what_is_ignored(folder: Path) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_text("")

    bundle = content_of(folder, Ignore.of(["*.txt"]))

    assert [f.path for f in bundle.manifest.files] == ["sub/b.bin"]


def test_a_link_counts_by_its_content_and_a_loop_ends(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder / "a.txt")
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "dead").symlink_to(folder / "nothing")

    assert [path for path, _ in walk(folder)] == ["a.txt", "link.txt", "sub/b.bin"]


def test_a_path_that_is_not_there_is_named_with_the_folder_it_was_looked_for_in() -> None:
    with pytest.raises(BadInput, match=r"nothing\.pkl.*in /"):
        bundle_of(Path("nothing.pkl"))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="empty"):
        bundle_of(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "sub").chmod(0)
    try:
        with pytest.raises(BadInput, match="cannot be read"):
            list(walk(folder))
        assert [path for path, _ in walk(folder, readable_only=True)] == ["a.txt"]
    finally:
        (folder / "sub").chmod(0o755)

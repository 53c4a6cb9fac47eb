"""Files of memory in which large bodies reach a worker."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.serving import sharing
from modelyard.serving.sharing import AVAILABLE, KEPT_BYTES, SharedBody

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="only Linux has files of memory")


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    sharing.forget()
    yield
    sharing.forget()


def seen(body: SharedBody) -> bytes:
    """What a worker reads."""
    return Path(body.path).read_bytes()[: len(body)]


@pytest.mark.parametrize("size", [10, 5000, 100_000])
def test_a_file_that_was_kept_is_written_again(size: int) -> None:
    first = SharedBody(b"x" * 5000)
    path = first.path
    first.keep()

    second = SharedBody.again(b"y" * size)

    assert second.path == path
    assert len(second) == size
    assert seen(second) == bytes(second) == b"y" * size


def test_bodies_at_the_same_time_have_files_of_their_own() -> None:
    SharedBody(b"x" * 5000).keep()

    bodies = [SharedBody.again(bytes([n]) * 5000) for n in range(3)]

    assert len({body.path for body in bodies}) == 3
    assert [seen(body)[:1] for body in bodies] == [b"\0", b"\1", b"\2"]


def test_a_body_that_was_not_kept_is_gone_with_its_last_holder() -> None:
    body = SharedBody(b"x" * 5000)
    path = body.path

    del body

    assert not os.path.exists(path)  # noqa: PTH110 - a Path would follow it to nothing


def test_no_more_is_kept_than_is_allowed() -> None:
    half = bytes(KEPT_BYTES // 2)
    bodies = [SharedBody(half) for _ in range(3)]
    paths = [body.path for body in bodies]

    while bodies:
        bodies.pop().keep()

    assert sum(os.path.exists(path) for path in paths) == 2  # noqa: PTH110


def test_what_is_kept_can_be_forgotten() -> None:
    body = SharedBody(b"x" * 5000)
    path = body.path
    body.keep()

    sharing.forget()

    assert not os.path.exists(path)  # noqa: PTH110
    assert bytes(SharedBody.again(b"new")) == b"new"

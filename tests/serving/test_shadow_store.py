"""Where copies of requests lie until they are replayed."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.serving.shadow_store import CopyStore

SEAL = 16
"""Bytes that encryption adds."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CopyStore]:
    made = CopyStore(tmp_path, capacity=4096)
    yield made
    made.close()


def test_what_was_put_first_comes_first_and_once(store: CopyStore) -> None:
    assert store.put(b"one", 10.0) == store.put(b"two", 20.0) == 0

    assert [store.take(), store.take(), store.take()] == [(b"one", 10.0), (b"two", 20.0), None]


def test_the_oldest_go_where_there_is_no_room_and_are_counted(store: CopyStore) -> None:
    lost = sum(store.put(b"%04d" % n + b"x" * 996, 10.0) for n in range(10))

    kept = []
    while (taken := store.take()) is not None:
        kept.append(int(taken[0][:4]))
    assert kept == list(range(10 - len(kept), 10))
    assert len(kept) + lost == 10
    assert len(kept) >= 3


def test_one_that_can_never_fit_is_lost_alone(store: CopyStore) -> None:
    store.put(b"small", 10.0)

    assert store.put(b"x" * 5000, 10.0) == 1
    assert len(store) == 1


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 3)), max_size=60))
def test_copies_never_damage_each_other(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    store = CopyStore(tmp_path_factory.getbasetemp(), capacity=1500)
    expected: list[bytes] = []
    for number, (size, takes) in enumerate(steps):
        plain = number.to_bytes(2) + b"x" * size
        lost = store.put(plain, 10.0)
        expected.append(plain)
        del expected[:lost]
        for _ in range(takes):
            taken = store.take()
            assert (taken and taken[0]) == (expected.pop(0) if expected else None)
    assert len(store) == len(expected)
    assert store.close() == len(expected)
    assert store.damaged == 0


def test_those_whose_time_is_over_go(store: CopyStore) -> None:
    for time in (1.0, 2.0, 3.0):
        store.put(b"x", time)

    assert store.expire(2.0) == 2
    assert store.take() == (b"x", 3.0)


def test_what_lies_there_cannot_be_read_and_what_was_taken_is_not_there_any_more(
    store: CopyStore,
) -> None:
    secret = b"my salary is 100,000"
    store.put(secret, 10.0)
    store.put(secret, 10.0)
    fd = store_fd()
    sealed = os.pread(fd, 4096, 0)
    size = len(secret) + SEAL

    store.take()
    after = os.pread(fd, 4096, 0)
    store.take()

    assert len(sealed) == 2 * size
    assert secret not in sealed
    assert sealed[:size] != sealed[size:], "the same twice looks different"
    assert after[:size] == bytes(size)
    assert after[size:] == sealed[size:]
    assert os.fstat(fd).st_size == 0, "the memory goes back"


def test_what_somebody_damaged_is_counted_and_the_next_one_given(store: CopyStore) -> None:
    store.put(b"first", 10.0)
    store.put(b"second", 10.0)
    fd = store_fd()
    os.pwrite(fd, b"\0\0\0", 2)

    assert store.take() == (b"second", 10.0)
    assert store.damaged == 1


def test_without_room_on_the_machine_copies_are_lost_and_nothing_breaks(tmp_path: Path) -> None:
    store = CopyStore(tmp_path)
    store.put(b"x", 10.0)
    store.take()
    broken = os.open("/dev/full", os.O_RDWR)
    os.dup2(broken, store._fd)
    os.close(broken)

    assert store.put(b"y", 10.0) == 1
    assert store.take() is None
    store.close()


def store_fd() -> int:
    """As another process of the same user would find it."""
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if "modelyard-shadow" in str(file.readlink()):
                return int(file.name)
    raise AssertionError("There is no store.")

"""What lies in the folder of rings and is none."""

import os
from pathlib import Path

from modelyard.collector.drain import Drain
from modelyard.collector.sink import Row
from modelyard.collector.store_engine import Batch


class NoGateway:
    """Of which nothing comes."""

    active = False

    def waiting(self) -> bool:
        return False

    def join(self, rows: list[Row], batch: Batch) -> list[Row]:
        return rows

    def collect(self, batch: Batch) -> None:
        """Nothing."""

    def committed(self) -> None:
        """Nothing."""

    def failed(self) -> None:
        """Nothing."""


def test_what_cannot_be_read_as_a_ring_is_told_once_and_again_when_it_comes_back(
    tmp_path: Path,
) -> None:
    notes: list[str] = []
    drain = Drain(tmp_path, NoGateway())
    drain.note = notes.append
    pipe = tmp_path / "pipe.ring"
    os.mkfifo(pipe)

    for _ in range(3):
        assert not drain.waiting()
    assert len(notes) == 1

    pipe.unlink()
    drain.waiting()
    os.mkfifo(pipe)
    drain.waiting()
    assert len(notes) == 2
    assert "pipe.ring cannot be read" in notes[1]


def test_a_link_to_what_is_no_ring_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"x" * 5000)
    link = tmp_path / "link.ring"
    link.symlink_to(target)
    drain = Drain(tmp_path, NoGateway())

    assert not drain.waiting()

    assert not link.is_symlink()
    assert target.read_bytes() == b"x" * 5000

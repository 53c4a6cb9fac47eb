"""What the tests of telemetry share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.telemetry.ring import RingReader, RingWriter


class Rings:
    """Makes rings in one folder; all are closed in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: list[RingWriter | RingReader] = []

    def writer(self, name: str = "a", capacity: int = 0, about: bytes = b"") -> RingWriter:
        writer = RingWriter.create(self.folder / f"{name}.ring", capacity, about)
        self._open.append(writer)
        return writer

    def reader(self, name: str = "a") -> RingReader:
        reader = RingReader.open(self.folder / f"{name}.ring")
        self._open.append(reader)
        return reader

    def close(self) -> None:
        for ring in self._open:
            ring.close()


@pytest.fixture
def rings(tmp_path: Path) -> Iterator[Rings]:
    made = Rings(tmp_path)
    yield made
    made.close()

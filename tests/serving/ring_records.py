"""Reads what a front in a test has handed over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from modelyard.telemetry.encoding import Decoder
from modelyard.telemetry.records import Failure, Log, Record, Request
from modelyard.telemetry.ring import RingReader
from tests.serving.fronts import Front
from tests.waiting import wait_until

Kind = TypeVar("Kind", Request, Log, Failure)


class Handed:
    """The rings of one front."""

    def __init__(self, front: Front) -> None:
        self._folder = Path(str(front.spec["rings"]))

    def all(self) -> list[Record]:
        decoder, records = Decoder(), []
        for path in sorted(self._folder.glob("*.ring")):
            reader = RingReader.open(path)
            while found := reader.read():
                records += decoder.records(found)
            assert (reader.lost, reader.dropped) == (0, 0)
            reader.close()
        assert (decoder.unknown, decoder.damaged) == (0, 0)
        return records

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [record for record in self.all() if isinstance(record, kind)]

    def wait(self, kind: type[Kind], wanted: Callable[[list[Kind]], object]) -> list[Kind]:
        """Until what is there is wanted."""

        def look() -> Any:
            found = self.of(kind)
            return found if wanted(found) else None

        found = wait_until(look, what=f"{kind.__name__}: {self.of(kind)[-5:]}")
        assert isinstance(found, list)
        return found

    def requests(self, count: int) -> list[Request]:
        """As many as there are, at least ``count``."""
        return self.wait(Request, lambda found: len(found) >= count)

"""The cards of the machine as measures; quiet where there are none."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from modelyard.collector.gpu import driver
from modelyard.collector.gpu.card import Card
from modelyard.collector.gpu.driver import Nvml
from modelyard.collector.gpu.matching import Matching, shares
from modelyard.collector.gpu.reader import Reader
from modelyard.collector.making import row, texts
from modelyard.collector.measures import MACHINE, Measure
from modelyard.collector.sink import Row
from modelyard.telemetry.ingest import Origin

_LOG = logging.getLogger(__name__)

AGAIN = 300.0
"""Seconds until a driver that was not there is looked for again."""

_UNITS = {
    "hw.gpu.utilization": ("1", "hw.gpu.task"),
    "hw.gpu.encoder.utilization": ("1", "hw.gpu.task"),
    "hw.gpu.decoder.utilization": ("1", "hw.gpu.task"),
    "hw.gpu.memory.usage": ("By", ""),
    "hw.gpu.memory.limit": ("By", ""),
    "hw.gpu.memory.utilization": ("1", ""),
    "hw.temperature": ("Cel", ""),
    "hw.power": ("W", ""),
    "hw.energy": ("J", ""),
    "hw.errors": ("{error}", "error.type"),
}
_SUMS = {"hw.energy", "hw.errors"}


class Cards:
    """Looks at the cards; a driver that comes late, fails or is replaced is opened again."""

    def __init__(
        self,
        load: Callable[[], Nvml | None] = driver.load,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._clock = clock
        self._nvml: Nvml | None = None
        self._reader: Reader | None = None
        self._next = 0.0
        self._told: set[str] = set()
        self._rates: list[tuple[Card, Any]] = []

    def look(self, pids: Mapping[int, Origin]) -> list[Measure]:
        """All measures now; ``pids`` says which processes belong to which service version."""
        self._rates = []
        if self._reader is None and not self._open():
            return []
        assert self._reader is not None  # noqa: S101 - opened above
        try:
            cards = self._reader.read()
        except self._nvml.NVMLError as error:  # type: ignore[union-attr]
            self._tell(f"graphics cards: the driver failed ({error}); it is opened again")
            self.close()
            self._next = self._clock() + AGAIN
            return []
        for number, why in self._reader.lost.items():
            self._tell(f"graphics card {number} does not answer: {why}")
        matching = Matching(pids)
        self._rates = [(card, card.whole) for card in cards if card.whole is not None]
        lost = [_lost(number) for number in self._reader.lost]
        return [m for card in cards for m in _measures(card, matching)] + lost

    def custom(self, now: float) -> list[Row]:
        """Azure's names of the last look's rates in percent, as customMetrics."""
        found = []
        for card, rates in self._rates:
            for name, value in (("gpu", rates.gpu), ("gpu-gpu-mem", rates.memory)):
                values: dict[str, Any] = {"timestamp": now, "name": name, "valueCount": 1}
                values |= dict.fromkeys(
                    ("value", "valueSum", "valueMin", "valueMax"), float(value)
                )
                dimensions = texts({"hw.id": card.id, "hw.name": card.name})
                found.append(
                    row(
                        "customMetrics",
                        MACHINE.columns(),
                        {**values, "customDimensions": dimensions},
                    )
                )
        return found

    def close(self) -> None:
        """Let go of the driver; looking again opens it again."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _open(self) -> bool:
        if self._clock() < self._next:
            return False
        self._next = self._clock() + AGAIN
        self._nvml = self._load()
        if self._nvml is None:
            self._tell("no GPU: NVIDIA's driver is not there")
            return False
        try:
            self._reader = Reader(self._nvml)
        except self._nvml.NVMLError as error:
            self._tell(f"no GPU: {error}")
            return False
        return True

    def _tell(self, what: str) -> None:
        """Once each."""
        if what not in self._told:
            self._told.add(what)
            _LOG.info(what)


def _measures(card: Card, matching: Matching) -> list[Measure]:
    attributes = {"hw.id": card.id, "hw.type": "gpu", "hw.name": card.name, "hw.vendor": "NVIDIA"}
    if card.parent:
        attributes["hw.parent"] = card.parent
    found = []
    for (name, detail), value in card.values.items():
        unit, attribute = _UNITS[name]
        more = {**attributes, attribute: detail} if attribute else attributes
        found.append(Measure("GPU", name, value, unit, card.id, more, MACHINE, name in _SUMS))
    if not card.parent:
        found.append(_status(card.id, attributes, ok=True))
    return found + shares(card, matching, attributes)


def _lost(number: int) -> Measure:
    return _status(f"{number}", {"hw.id": f"{number}", "hw.type": "gpu"}, ok=False)


def _status(instance: str, attributes: dict[str, str], *, ok: bool) -> Measure:
    more = {**attributes, "hw.state": "ok" if ok else "failed"}
    return Measure("GPU", "hw.status", 1.0, "1", instance, more, MACHINE)

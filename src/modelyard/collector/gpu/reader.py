"""Reads all cards of an opened driver."""

from collections.abc import Iterator
from typing import Any

from modelyard.collector.gpu.card import (
    DRIVER,
    FATAL,
    Card,
    ask,
    identity,
    is_one_of,
    read_memory,
    read_uses,
    read_whole,
)
from modelyard.collector.gpu.driver import Nvml
from modelyard.collector.gpu.gpm import Gpm


class Reader:
    """Opened by making it; raises NVMLError when the driver does not answer."""

    def __init__(self, nvml: Nvml) -> None:
        self._nvml = nvml
        nvml.nvmlInit()
        self._gpm = Gpm(nvml)
        self._seen: dict[str, int] = {}
        self.lost: dict[int, str] = {}
        """Cards that did not answer at the last look, by number, with what was said."""

    def read(self) -> list[Card]:
        """
        All that answer. Raises NVMLError when the driver as a whole does not.
        """
        self.lost.clear()
        cards: list[Card] = []
        for number in range(self._nvml.nvmlDeviceGetCount()):
            try:
                cards += self._card(number)
            except self._nvml.NVMLError as error:
                if is_one_of(self._nvml, error, DRIVER):
                    raise
                self.lost[number] = str(error)
        return cards

    def _card(self, number: int) -> list[Card]:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(number)
        card = Card(*identity(nvml, handle))
        read_whole(nvml, handle, card)
        read_memory(nvml, handle, card)
        parts = list(self._parts(handle, card))
        if not parts:
            read_uses(nvml, handle, card, lambda h: self._shares(card.id, h))
        return [card, *parts]

    def _parts(self, handle: Any, card: Card) -> Iterator[Card]:
        mode = ask(self._nvml, "nvmlDeviceGetMigMode", handle)
        if not mode or not mode[0]:
            return
        for index in range(ask(self._nvml, "nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
            # a place without a part answers "not found"
            part = ask(self._nvml, "nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
            if part is not None:
                yield self._part(handle, card, part)

    def _part(self, handle: Any, card: Card, part: Any) -> Card:
        found = Card(*identity(self._nvml, part), parent=card.id)
        read_memory(self._nvml, part, found)
        share = self._gpm.share(handle, card.id, part, found.id)
        if share is not None:
            found.values["hw.gpu.utilization", "general"] = share
        # which process keeps a part busy is told by no driver
        read_uses(self._nvml, part, found, lambda _: None)
        return found

    def _shares(self, card: str, handle: Any) -> dict[int, float] | None:
        """
        Of the card's time, by process, since the last look.

        The driver keeps samples of the last second or so, each with its moment; "not found" means
        that none is newer, so nobody computed.
        """
        nvml = self._nvml
        try:
            samples = nvml.nvmlDeviceGetProcessUtilization(handle, self._seen.get(card, 0))
        except nvml.NVMLError as error:
            if is_one_of(nvml, error, FATAL + DRIVER):
                raise
            return {} if is_one_of(nvml, error, ("NOT_FOUND",)) else None
        busy: dict[int, list[int]] = {}
        for sample in samples:
            if sample.smUtil <= 100:  # some drivers put rubbish into samples of ended processes
                busy.setdefault(sample.pid, []).append(sample.smUtil)
            self._seen[card] = max(self._seen.get(card, 0), sample.timeStamp)
        return {pid: sum(shares) / len(shares) / 100 for pid, shares in busy.items()}

    def close(self) -> None:
        """Let go of the driver."""
        try:
            self._gpm.close()
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            return  # it was gone already

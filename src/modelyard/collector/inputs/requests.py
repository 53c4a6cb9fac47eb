"""What was collected of one request."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from arro3.core import Table

from modelyard.collector.inputs.batches import HOUR, TIMESTAMP, together
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.places import stored
from modelyard.collector.inputs.reading import Wanted, read
from modelyard.wire.telemetry import TraceItem

MOST = 100
"""Rows of a designation that are shown of one request."""

_decode = msgspec.json.Decoder(list[list[Any]]).decode


def finder(inputs: Inputs) -> Callable[[str, str, str, float, float], list[TraceItem]]:
    """
    Who finds the rows of a request: workspace, service, the request's id, from when, until when.

    Each item has its designation as ``table`` and the features as values. Where files cannot be
    read just now it finds nothing: a request can be told without them.
    """

    def find(
        workspace: str, service: str, id: str, after: float, before: float
    ) -> list[TraceItem]:
        sources: dict[str, tuple[list[Path], list[Table]]] = {}
        try:
            sealed = set()
            for file in stored(inputs.root, workspace, service):
                sealed.add(file.path.stem.removeprefix("part-"))
                if after < file.hour + HOUR and file.hour < before:
                    sources.setdefault(file.part.designation, ([], []))[0].append(file.path)
            for segment in inputs.spool.segments:
                part = segment.part
                mine = (part.workspace, part.service) == (workspace, service)
                if mine and segment.token not in sealed and (rows := inputs.spool.read(segment)):
                    sources.setdefault(part.designation, ([], []))[1].append(together(rows))
            wanted = Wanted(MOST, after, before, request=id)
            return [
                item
                for designation, (files, tables) in sources.items()
                for item in _items(designation, files, tables, wanted)
            ]
        except OSError:
            return []

    return find


def _items(
    designation: str, files: list[Path], tables: list[Table], wanted: Wanted
) -> list[TraceItem]:
    found = read(files, tables, wanted, arrow=False)
    names = [column.name for column in found.columns]
    items = []
    for row in _decode(b"[" + found.body + b"]"):
        values = {n: v for n, v in zip(names, row, strict=True) if v is not None}
        time = datetime.fromisoformat(values.pop(TIMESTAMP))
        items.append(TraceItem(time=time, table=designation, values=values))
    return items

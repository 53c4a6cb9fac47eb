"""Records to batches of typed rows, and batches of different columns to one table. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arro3.core import Array, DataType, RecordBatch, Table

from modelyard.collector.inputs.columns import Columns, columns_of, shape_of
from modelyard.collector.inputs.policies import Hasher, applied
from modelyard.collector.inputs.records import Damaged, Part, Record

HOUR = 3600
CORRELATION, REQUEST, TIMESTAMP = "$CorrelationId", "$RequestId", "$Timestamp"
MODEL, VERSION, PROBABILITY = "$ModelName", "$ModelVersion", "$Probability"
FIRST = (CORRELATION, REQUEST, TIMESTAMP, MODEL, VERSION)
"""Columns before the features; after them comes $Probability."""

TIME = DataType.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one folder and hour; ``hour`` is its first second since the epoch."""

    part: Part
    hour: int
    rows: RecordBatch


def batches(
    records: Iterable[Record], policies: Mapping[str, str], hasher: Hasher
) -> tuple[list[Batch], int]:
    """The rows, and how many records could not be read. Raises OSError without a hasher's key."""
    groups: dict[Any, list[Record]] = {}
    damaged = 0
    for record in records:
        try:
            key = (record.part, int(record.time) // HOUR * HOUR, shape_of(record))
        except Damaged:
            damaged += 1
            continue
        groups.setdefault(key, []).append(record)
    found: list[Batch] = []
    for (part, hour, _), group in groups.items():
        for rows in _made(group, policies, hasher):
            if rows is None:
                damaged += 1
            elif rows.num_rows:
                found.append(Batch(part, hour, rows))
    return found, damaged


def _made(
    group: Sequence[Record], policies: Mapping[str, str], hasher: Hasher
) -> Iterable[RecordBatch | None]:
    """One batch; where a record spoils it each alone, None for those that cannot be read."""
    try:
        yield _batch(group, policies, hasher)
    except Damaged:
        if len(group) == 1:
            yield None
        else:
            for record in group:
                yield from _made([record], policies, hasher)


def _batch(group: Sequence[Record], policies: Mapping[str, str], hasher: Hasher) -> RecordBatch:
    columns = applied(_named(columns_of(group)), policies, hasher)
    whole = [*_first(group), *columns, (PROBABILITY, _probabilities(group))]
    made = RecordBatch.from_pydict(dict(whole))
    if all(record.wanted is None for record in group):
        return made
    wanted: list[int] = []
    start = 0
    for record in group:
        inside = range(record.count) if record.wanted is None else record.wanted
        wanted += [start + at for at in inside]
        start += record.count
    return made.take(Array(wanted, DataType.int64()))


def _first(group: Sequence[Record]) -> Columns:
    correlations: list[str] = []
    requests: list[str] = []
    times: list[int] = []
    for record in group:
        own = record.correlation
        correlations += own if isinstance(own, list) else [own] * record.count
        requests += record.owners or [record.request] * record.count
        times += [round(record.time * 1e6)] * record.count
    count, part = len(times), group[0].part
    return [
        (CORRELATION, _texts(correlations)),
        (REQUEST, _texts(requests)),
        (TIMESTAMP, Array(times, DataType.int64()).cast(TIME)),
        (MODEL, _texts([part.model] * count)),
        (VERSION, _texts([part.version] * count)),
    ]


def _probabilities(group: Sequence[Record]) -> Array:
    values = [record.probability for record in group for _ in range(record.count)]
    return Array(values, DataType.float64())


def _texts(values: Sequence[str]) -> Array:
    clean = [value.encode("utf-8", "replace").decode("utf-8") for value in values]
    return Array(clean, DataType.utf8())


def _named(columns: Columns) -> Columns:
    """With names that each appear once, and none of ours."""
    seen = {*FIRST, PROBABILITY}
    found: Columns = []
    for name, values in columns:
        clean = name.encode("utf-8", "replace").decode("utf-8")
        unique, number = clean, 1
        while unique in seen:
            number += 1
            unique = f"{clean}_{number}"
        seen.add(unique)
        found.append((unique, values))
    return found


def together(found: Sequence[RecordBatch]) -> Table:
    """
    One table of batches whose columns may differ: what a batch has not is NULL.

    A column that is of whole numbers here and of others there becomes one of floats; where it is
    of numbers here and of texts there, one of texts.
    """
    types: dict[str, DataType | None] = {}
    for batch in found:
        for name, values in zip(batch.column_names, batch.columns, strict=True):
            types[name] = _joined(types.get(name), values)
    names = [name for name in types if name != PROBABILITY] + [PROBABILITY]
    wanted = {name: types.get(name) or DataType.utf8() for name in names}
    return Table.from_batches([_like(batch, wanted) for batch in found])


def _like(batch: RecordBatch, wanted: Mapping[str, DataType]) -> RecordBatch:
    there = dict(zip(batch.column_names, batch.columns, strict=True))
    made: dict[str, Any] = {}
    for name, kind in wanted.items():
        values = there.get(name)
        if values is None or (_empty(values) and not values.type.equals(kind)):
            made[name] = Array([None] * batch.num_rows, DataType.utf8()).cast(kind)
        else:
            made[name] = values if values.type.equals(kind) else values.cast(kind)
    return RecordBatch.from_pydict(made)


def _joined(known: DataType | None, values: Array) -> DataType | None:
    """The type that holds both; of values that are all missing the other's."""
    kind = values.type
    if _empty(values):
        return known
    if known is None or known.equals(kind):
        return kind
    if DataType.is_numeric(known) and DataType.is_numeric(kind):
        both = DataType.is_integer(known) and DataType.is_integer(kind)
        return DataType.int64() if both and not _unsigned(known, kind) else DataType.float64()
    return DataType.utf8()


def _unsigned(*kinds: DataType) -> bool:
    return any(kind.equals(DataType.uint64()) for kind in kinds)


def _empty(values: Array) -> bool:
    return len(values) == 0 or values.null_count == len(values)

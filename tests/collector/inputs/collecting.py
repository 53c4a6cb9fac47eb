"""What a worker writes, by the worker's own code, and what the collector makes of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arro3.core import Table
from arro3.io import read_parquet

from modelyard.collector.inputs.batches import together
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.seal import seal
from modelyard_worker import collected
from modelyard_worker.collection import Collecting
from modelyard_worker.context import REQUEST_ID

MODELS = [{"name": "iris", "version": 3}]


@dataclass
class Place:
    """A home with rings, and a worker's collecting; ``inputs()`` may be called again and again."""

    folder: Path
    workers: list[Collecting] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "data"

    @property
    def rings(self) -> Path:
        return self.folder / "rings" / "data"

    def inputs(self, **more: Any) -> Inputs:
        return Inputs(self.root, self.rings, self.folder / "collect.key", **more)

    def worker(self, columns: dict[str, str] | None = None, **told: Any) -> Collecting:
        about = {
            "workspace": "lab", "service": "prices", "version": "blue", "revision": 1,
            "columns": columns or {},
        }  # fmt: skip
        whole = {"folder": str(self.rings), "front": "f1", "rate": 1.0, "about": about, **told}
        self.workers.append(Collecting(whole, MODELS))
        return self.workers[-1]

    def close(self) -> None:
        """End the workers, as their processes would."""
        for worker in self.workers:
            if worker._ring is not None:
                worker._ring.close()
        self.workers.clear()


def collect(
    worker: Collecting, given: Any, names: list[str] | None = None, *,
    request: str = "r1", designation: str = "inputs", correlation: str = "c1",
) -> None:  # fmt: skip
    """One call of a collector within a request."""
    REQUEST_ID.set(request)
    worker.begin()
    worker.add(worker.model, designation, collected.table(given, names), correlation)
    worker.end(failed=False)
    REQUEST_ID.set("")


def open_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """All rows that are not sealed."""
    found = [batch for segment in inputs.spool.segments for batch in inputs.spool.read(segment)]
    return rows_of(together(found)) if found else []


def sealed(inputs: Inputs) -> list[Path]:
    """Seal all that is open; gives the files."""
    for segment in inputs.spool.segments:
        seal(inputs.root, inputs.spool, segment)
    return sorted(inputs.root.rglob("*.parquet"))


def rows_of_file(path: Path) -> list[dict[str, Any]]:
    return rows_of(read_parquet(str(path)).read_all())


def rows_of(table: Table) -> list[dict[str, Any]]:
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

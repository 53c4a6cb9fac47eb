"""The SELECT behind each table's name: what the engine holds and what files hold. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from modelyard.collector.sealed_files import SealedFile
from modelyard.collector.store_layout import Layout

Known = Mapping[str, frozenset[str]]
"""The columns of files of other releases, by digest."""


def select(
    layout: Layout, files: Iterable[SealedFile], known: Known, *, engine: bool = False,
    exports: Sequence[Path] = (),
) -> str:  # fmt: skip
    """
    All rows of a table, with its columns in order.

    ``engine``: with those in it (then the statement only runs there); ``exports`` are files of
    such rows.
    """
    parts = []
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(file.digest, []).append(file.path)
    if exports:
        groups.setdefault(layout.digest, []).extend(exports)
    for digest, paths in sorted(groups.items()):
        present = None if digest == layout.digest else known.get(digest)
        parts.append(f"SELECT {layout.whole(_reading(paths, layout, present))}")
    if engine:
        parts.append(f"SELECT {layout.whole(f'({layout.select})')}")
    if not parts:
        nothing = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in layout.table.columns)
        return f"SELECT {nothing} WHERE false"
    return " UNION ALL ".join(parts)


def literal(path: Path) -> str:
    """A path as the engine's text, its letters not taken for a pattern."""
    text = "".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(path))
    return "'" + text.replace("'", "''") + "'"


def _reading(paths: Sequence[Path], layout: Layout, present: frozenset[str] | None) -> str:
    source = (
        f"read_parquet([{', '.join(map(literal, paths))}], "
        "hive_partitioning = false, union_by_name = false)"
    )
    if present is None:
        return source
    columns = ", ".join(
        f'"{c.name}"' if c.name in present else f'NULL::{c.type} AS "{c.name}"'
        for c in layout.table.columns
    )
    return f"(SELECT {columns} FROM {source})"

"""Answering from engine and files, of one moment; for any thread."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from modelyard.collector import views
from modelyard.collector.hot_export import HotExports
from modelyard.collector.sealed_files import SealedFile, SealedFiles
from modelyard.collector.snapshot import Snapshot
from modelyard.collector.store_handle import For, Handle
from modelyard.collector.store_layout import LAYOUTS
from modelyard.collector.store_opening import trouble


class Asking:
    """``turn`` is held by who moves rows from engine to file: it makes a moment of both."""

    def __init__(
        self,
        handle: Handle,
        files: SealedFiles,
        exports: HotExports,
        turn: threading.RLock,
        note: Callable[[str], None],
    ) -> None:
        self._handle = handle
        self._files = files
        self._exports = exports
        self._turn = turn
        self._note = note
        self._columns: dict[str, frozenset[str]] = {}

    def forget(self) -> None:
        """The engine was opened anew."""
        self._columns.clear()

    def ask(self, sql: str, parameters: Sequence[Any], since: float | None) -> list[Any]:
        """The rows. A file that turns out damaged is put aside, and the question asked again."""
        try:
            return self._ask(sql, parameters, since)
        except duckdb.Error as error:
            notes = self._files.check()
            for text in notes:
                self._note(text)
            if not notes:
                known = trouble(error, self._handle.path)
                raise (known or error) from error
        return self._ask(sql, parameters, since)

    def snapshot(self, tables: Sequence[str]) -> Snapshot:
        """Files of all rows of these tables."""
        engine = self._handle.get()
        holds: list[Callable[[], None]] = []
        try:
            with self._handle.borrow(For.EXPORTING) as cursor:
                with self._turn:
                    upto = engine.batch  # before the transaction begins: then it sees all of it
                    _pin(cursor)
                    sealed = {name: self._files.of(name) for name in tables}
                    holds += [self._files.hold(files) for files in sealed.values()]
                hot = {name: self._export(cursor, name, upto, holds) for name in tables}
                return self._described(cursor, sealed, hot, holds)
        except BaseException as error:
            for let_go in holds:
                let_go()
            known = trouble(error, self._handle.path) if isinstance(error, duckdb.Error) else None
            raise (known or error) from error

    def _described(
        self,
        cursor: duckdb.DuckDBPyConnection,
        sealed: dict[str, list[SealedFile]],
        hot: dict[str, tuple[Path, ...]],
        holds: list[Callable[[], None]],
    ) -> Snapshot:
        files, selects = {}, {}
        for name, found in sealed.items():
            files[name] = (*(file.path for file in found), *hot[name])
            self._learn(cursor, found)
            selects[name] = views.select(LAYOUTS[name], found, self._columns, exports=hot[name])

        def release() -> None:
            for let_go in holds:
                let_go()

        return Snapshot(files, selects, release)

    def _export(
        self,
        cursor: duckdb.DuckDBPyConnection,
        table: str,
        upto: int,
        holds: list[Callable[[], None]],
    ) -> tuple[Path, ...]:
        with self._turn:
            after, paths = self._exports.known(table)
            generation = self._exports.generation(table)
            holds.append(self._exports.hold(paths))
        if upto <= after:
            return paths
        path = self._exports.write(cursor, LAYOUTS[table], after, upto)
        if path is not None:
            paths = (*paths, path)
            holds.append(self._exports.hold([path]))
        with self._turn:
            if self._exports.generation(table) == generation:
                self._exports.remember(table, upto, paths)
            elif path is not None:
                self._exports.remove([path])
        return paths

    def _ask(self, sql: str, parameters: Sequence[Any], since: float | None) -> list[Any]:
        with self._handle.borrow(For.ASKING) as cursor:
            with self._turn:
                _pin(cursor)
                found = {name: self._files.of(name, since) for name in LAYOUTS if name in sql}
                let_go = self._files.hold(file for files in found.values() for file in files)
            try:
                for name, files in found.items():
                    self._learn(cursor, files)
                    view = views.select(LAYOUTS[name], files, self._columns, engine=True)
                    cursor.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {view}')
                return cursor.execute(sql, list(parameters)).fetchall()
            finally:
                let_go()

    def _learn(self, cursor: duckdb.DuckDBPyConnection, files: Sequence[SealedFile]) -> None:
        """The columns of files that another release wrote."""
        for file in files:
            if file.digest == LAYOUTS[file.table].digest or file.digest in self._columns:
                continue
            found = cursor.execute(
                f"SELECT name FROM parquet_schema({views.literal(file.path)})"
            ).fetchall()
            self._columns[file.digest] = frozenset(name for (name,) in found)


def _pin(cursor: duckdb.DuckDBPyConnection) -> None:
    """Begin a transaction, and with the first read fix what it sees."""
    cursor.begin()
    cursor.execute("SELECT count(*) FROM _sealed").fetchall()

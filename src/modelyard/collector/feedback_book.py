"""
The book of what was told of requests: each (request, metric) once, kept before it is answered.

What is new is written, with the facts of its request, into ``leaving``, which the store takes its
rows from like from a ring: it remembers how far it has come in the transaction that has the rows,
so that a process killed at any moment loses and doubles nothing. What is told of requests that
nobody knows yet is in ``waiting``.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from modelyard.collector.feedback_book_file import (
    count_dropped,
    fact,
    in_our_words,
    let_leave,
    open_book,
    stop_waiting,
    values_of,
    waiting_for,
)
from modelyard.collector.feedback_told import Place, Requests, Told
from modelyard.domain.errors import Unavailable

WAITING = 100_000
"""Outcomes of unknown requests that are kept; further ones are counted and dropped."""

OF_ONE = 20_000
"""Of these as many are of one service at most: one that tells of wrong ids is alone with that."""

DAY = 86_400


What = Literal["new", "repeated", "conflicting", "dropped"]


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What became of each outcome of a call, and which requests are waited for now.

    'dropped' are new ones of unknown requests for which there is no room.
    """

    what: Sequence[What] = ()
    waits: frozenset[Place] = frozenset()


class _Room:
    """For outcomes of unknown requests: in all, and of each service."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute(
            "SELECT workspace, service, count(*) FROM waiting GROUP BY workspace, service"
        )
        self._waiting = Counter({(workspace, service): n for workspace, service, n in rows})
        self._left = WAITING - self._waiting.total()

    def take(self, one: Told) -> bool:
        """Whether there is room for it, which it then has."""
        place = (one.workspace, one.service)
        if self._left <= 0 or self._waiting[place] >= OF_ONE:
            return False
        self._left -= 1
        self._waiting[place] += 1
        return True


class Book:
    """The file, for all threads: one at a time. Opened by who needs it first."""

    def __init__(self, path: Path, note: Callable[[str], None], stamp: Callable[[], str]) -> None:
        """``stamp`` is what the name of a damaged file ends with; ``note`` tells people."""
        self.path = path
        self._note = note
        self._stamp = stamp
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._written = 0
        self.id = ""
        """Of what leaves it; another one when the file was made anew. '' before it is open."""

    def open(self) -> None:
        """Also makes the file. Raises Unavailable, DiskFull."""
        with self._using():
            pass

    def close(self) -> None:
        """It can be opened again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

    def unheard(self, told: Sequence[Told]) -> list[Told]:
        """Those whose key is not known; of the same key the first."""
        with self._using() as connection:
            first = {one.key: one for one in reversed(told)}
            known = values_of(connection, list(first))
        return [one for key, one in first.items() if key not in known]

    def keep(self, told: Sequence[Told], requests: Requests, now: float) -> Kept:
        """All of it or nothing; it is on the disk afterwards."""
        with self._changing() as connection:
            keys = [one.key for one in told]
            known = values_of(connection, keys)
            waits = {one.place for one, _ in waiting_for(connection, {one.id for one in told})}
            room = _Room(connection)
            what, fresh = list[What](), dict[bytes, Told]()
            for one, key in zip(told, keys, strict=True):
                heard = known.get(key)
                if heard is not None:
                    what.append("repeated" if heard == one.value else "conflicting")
                elif one.place in requests or room.take(one):
                    what.append("new")
                    known[key] = one.value
                    fresh[key] = one
                    if one.place not in requests:
                        waits.add(one.place)
                else:
                    what.append("dropped")
            self._write(connection, fresh, requests, now)
            count_dropped(connection, what.count("dropped"))
        return Kept(what, frozenset(waits))

    def join(self, requests: Requests) -> set[str]:
        """Requests became known: what waited for them leaves. The ids that nothing waits for."""
        ids = {place[2] for place in requests}
        with self._changing() as connection:
            for one, received in waiting_for(connection, ids):
                if one.place in requests:
                    let_leave(connection, [one], requests, received)
                    stop_waiting(connection, one)
            return ids - {one.id for one, _ in waiting_for(connection, ids)}

    def waiting(self) -> set[str]:
        """The ids of requests that are waited for."""
        with self._using() as connection:
            found = connection.execute("SELECT DISTINCT id FROM waiting").fetchall()
        return {id for (id,) in found}

    def leaving(self, after: int, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """What leaves, by its number."""
        with self._using() as connection:
            found = connection.execute(
                "SELECT number, row FROM leaving WHERE number > ? ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
        return [(number, msgspec.msgpack.decode(row)) for number, row in found]

    def give_up(self, oldest: float) -> list[str]:
        """
        Drop what has waited since before ``oldest``: the request's id of each. It may be told
        again.
        """
        with self._changing() as connection:
            rows = connection.execute(
                "SELECT workspace, service, id, metric, value, happened FROM waiting "
                "WHERE received < ?",
                (oldest,),
            ).fetchall()
            for one in (Told(*row) for row in rows):
                stop_waiting(connection, one)
                connection.execute("DELETE FROM told WHERE key = ?", (one.key,))
            count_dropped(connection, len(rows))
        return [row[2] for row in rows]

    def forget(self, oldest: float) -> None:
        """What was told before ``oldest`` is kept no more, so that it counts again."""
        with self._changing() as connection:
            connection.execute("DELETE FROM told WHERE day < ?", (int(oldest // DAY),))

    def wrote(self, id: str, number: int) -> None:
        """The store has what left up to there: it is forgotten with the next change."""
        with self._lock:
            if id == self.id:
                self._written = number

    def trim(self) -> None:
        """Forget it now, so that a copy of the file has nothing that the store has as well."""
        with self._changing():
            pass

    @property
    def dropped(self) -> int:
        """Outcomes of unknown requests that were given up, since the file was made."""
        with self._using() as connection:
            return int(fact(connection, "dropped") or 0)

    def _write(
        self, connection: sqlite3.Connection, fresh: Mapping[bytes, Told], requests: Requests,
        now: float,
    ) -> None:  # fmt: skip
        day = int(now // DAY)
        connection.executemany(
            "INSERT INTO told VALUES (?, ?, ?)",
            [(key, one.value, day) for key, one in fresh.items()],
        )
        known = [one for one in fresh.values() if one.place in requests]
        let_leave(connection, known, requests, now)
        connection.executemany(
            "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (one.workspace, one.service, one.id, one.metric, one.value, one.happened, now)
                for one in fresh.values()
                if one.place not in requests
            ],
        )

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock, in_our_words(self.path):
            try:
                if self._connection is None:
                    self._connection = open_book(self.path)
                    self.id, self._written = fact(self._connection, "id"), 0
                yield self._connection
            except sqlite3.DatabaseError as error:
                if type(error) is not sqlite3.DatabaseError:
                    raise  # what was asked is to blame, or the disk: not what the file holds
                self.close()
                self._set_aside(error)
                raise Unavailable(
                    "The book of feedback was damaged and begins anew; send this once more."
                ) from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, at whose end what the store has is forgotten."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("DELETE FROM leaving WHERE number <= ?", (self._written,))
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def _set_aside(self, error: sqlite3.Error) -> None:
        kept = self.path.with_name(f"{self.path.name}.damaged-{self._stamp()}")
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        self.path.rename(kept)
        self._note(f"{self.path.name} could not be read ({error}); it was kept as {kept.name}.")

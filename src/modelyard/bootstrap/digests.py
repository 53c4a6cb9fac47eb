"""Very many digests without much memory."""

import sqlite3
from collections.abc import Iterable, Iterator

_PAGE = 1000


class DigestSet:
    """A sorted set in a private temporary file of SQLite, which keeps small ones in memory."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("CREATE TABLE digests (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def add(self, digests: Iterable[str]) -> None:
        """Those that are there already stay."""
        rows = ((bytes.fromhex(digest),) for digest in digests)
        self._connection.executemany("INSERT OR IGNORE INTO digests VALUES (?)", rows)

    def discard(self, digest: str) -> bool:
        """Take one out; whether it was there."""
        query = "DELETE FROM digests WHERE digest = ?"
        return self._connection.execute(query, (bytes.fromhex(digest),)).rowcount == 1

    def __contains__(self, digest: str) -> bool:
        query = "SELECT 1 FROM digests WHERE digest = ?"
        return self._connection.execute(query, (bytes.fromhex(digest),)).fetchone() is not None

    def __iter__(self) -> Iterator[str]:
        last = b""
        query = "SELECT digest FROM digests WHERE digest > ? ORDER BY digest LIMIT ?"
        while page := self._connection.execute(query, (last, _PAGE)).fetchall():
            for (digest,) in page:
                yield digest.hex()
            last = page[-1][0]

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM digests").fetchone()[0])

    def close(self) -> None:
        """Drop it."""
        self._connection.close()

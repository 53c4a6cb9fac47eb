"""What Python has for it."""

import json
import logging
import sqlite3
from pathlib import Path

from benchmarks.handover.timing import FIELDS, REST, Keep, main


def append(_: Path) -> Keep:
    """The least there is: a tuple into a list of this process."""
    kept: list[tuple[object, ...]] = []
    return lambda number: kept.append((number, *FIELDS, *REST))


def sqlite(folder: Path) -> Keep:
    """A row, a transaction for each 1,000."""
    database = sqlite3.connect(folder / "a.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=normal")
    marks = ",".join("?" * (len(FIELDS) + len(REST)))
    columns = ",".join(f"c{number}" for number in range(len(FIELDS) + len(REST)))
    database.execute(f"create table requests ({columns})")
    insert = f"insert into requests values ({marks})"

    def keep(number: int) -> None:
        if number % 1000 == 0:
            if number:
                database.execute("commit")
            database.execute("begin")
        database.execute(insert, (*FIELDS, *REST))

    return keep


def json_line(folder: Path) -> Keep:
    """A line of JSON by Python's logging."""
    logger = logging.getLogger("requests")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.FileHandler(folder / "a.log"))
    names = [f"field{number}" for number in range(len(FIELDS) + len(REST))]

    def keep(_: int) -> None:
        logger.info(json.dumps(dict(zip(names, (*FIELDS, *REST), strict=True))))

    return keep


if __name__ == "__main__":
    main({"append": append, "sqlite": sqlite, "json_line": json_line})

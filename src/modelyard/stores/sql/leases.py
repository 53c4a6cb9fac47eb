"""The leader lease in SQL: one row, changed by comparing and swapping."""

from dataclasses import asdict

from sqlalchemy import select, update

from modelyard.domain.leases import Lease, ProcessIdentity
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import insert_new
from modelyard.stores.sql.tables import leases

_LEADER = "leader"


class SqlLeaseStore:
    """``LeaseStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Lease | None:
        query = select(leases).where(leases.c.name == _LEADER)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Lease(ProcessIdentity(row.boot_id, row.pid, row.start_time), row.epoch)

    def take(self, holder: ProcessIdentity, expected: Lease | None) -> Lease | None:
        taken = Lease(holder, 1 if expected is None else expected.epoch + 1)
        row = {**asdict(holder), "epoch": taken.epoch}
        with self._database.write() as connection:
            if expected is None:
                return taken if insert_new(connection, leases, row | {"name": _LEADER}) else None
            unchanged = {**asdict(expected.holder), "epoch": expected.epoch, "name": _LEADER}
            swap = update(leases).where(*(leases.c[k] == v for k, v in unchanged.items()))
            swapped = connection.execute(swap.values(**row)).rowcount == 1
        return taken if swapped else None

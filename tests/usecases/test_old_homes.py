"""A home of the release before, whose services had one version each, goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import MetaData

from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.opening import open_sql
from modelyard.stores.sql.upgrade import upgrade
from modelyard.stores.stores import Stores
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import MemoryBlobStore
from tests.usecases.yard import Yard

SECRET = Fernet.generate_key()
BEFORE = "0003"
"""The schema of the release that knew one version of a service."""


def as_of_before(new: Path, old: Path) -> None:
    """Writes what a database holds into one of the older schema, as far as that knows it."""
    source, goal = Database(connect(f"sqlite:///{new}")), Database(connect(f"sqlite:///{old}"))
    with source.read() as read, goal.write() as write:
        upgrade(write, BEFORE)
        present, older = MetaData(), MetaData()
        present.reflect(read)
        older.reflect(write)
        for table in older.sorted_tables:
            if table.name == "alembic_version":
                continue
            known = [present.tables[table.name].c[column.name] for column in table.columns]
            for row in read.execute(present.tables[table.name].select().with_only_columns(*known)):
                write.execute(table.insert().values(**row._mapping))
    source.close()
    goal.close()


@pytest.fixture
def before(tmp_path: Path) -> Yard:
    """A yard of the release before with a healthy service; it has ended."""
    stores = open_sql(f"sqlite:///{tmp_path}/new.db", SECRET)
    yard = Yard(tmp_path, stores=stores, blobs=MemoryBlobStore(FakeClock()))
    yard.workspace()
    yard.deploy(description="from before", content=yard.content(models=[yard.model()]))
    yard.settle()
    stores.close()
    as_of_before(tmp_path / "new.db", tmp_path / "old.db")
    return yard


@pytest.fixture
def stores(before: Yard) -> Iterator[Stores]:
    """The older database, opened by this release."""
    opened = open_sql(f"sqlite:///{before.home}/old.db", SECRET)
    yield opened
    opened.close()


def test_services_of_the_release_before_get_versions(before: Yard, stores: Stores) -> None:
    yard = Yard(
        before.home,
        stores=stores,
        target=before.target,
        gateway=before.gateway,
        builder=before.builder,
        blobs=before.blobs,
    )
    fronts = before.target.running()

    yard.settle()

    view = yard.view()
    assert (view.state, view.description) == ("Healthy", "from before")
    assert [(v.name, v.state, v.traffic, v.is_default) for v in view.versions] == [
        ("default", "Healthy", 100.0, True)
    ]
    assert view.versions[0].created == view.created
    assert yard.target.running() == fronts
    assert yard.cases.events.list("ws", "salary") == []

    yard.make("green", traffic=10)
    yard.settle()

    assert yard.cases.traffic.get("ws", "salary").shares == {"default": 90.0, "green": 10.0}
    assert [v.state for v in yard.view().versions] == ["Healthy", "Healthy"]
    yard.cases.traffic.rollback("ws", "salary")
    yard.cases.services.delete("ws", "salary")
    yard.settle()
    assert yard.target.running() == []

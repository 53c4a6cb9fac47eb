"""What models and images share in SQL: a name in a workspace has numbered versions."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Table, delete, insert, select, update

from modelyard.domain.errors import NotFound
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import hold_workspace, next_number


class Versioned(Protocol):
    """A frozen dataclass that is one version of a name."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def workspace(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Versioned)


class VersionedStore(ABC, Generic[T]):
    """Adds, finds, changes and removes versions; a store of a noun says which and adds lists."""

    noun: ClassVar[str]
    table: ClassVar[Table]

    def __init__(self, database: Database) -> None:
        self._database = database

    @abstractmethod
    def value(self, row: Row[Any]) -> T:
        """The value that a row of ``columns`` holds."""

    @property
    def columns(self) -> list[Column[Any]]:
        """All but the order of insertion, which is nobody's business."""
        return [column for column in self.table.c if column.name != "seq"]

    def add(self, value: T) -> T:
        with self._database.write() as connection:
            hold_workspace(connection, value.workspace)
            number = next_number(connection, value.workspace, self.noun, value.name)
            added = replace(value, version=number)
            connection.execute(insert(self.table).values(**asdict(added)))
        return added

    def get(self, workspace: str, name: str, version: int | None = None) -> T:
        at = self.table.c
        query = select(*self.columns).where(at.workspace == workspace, at.name == name)
        if version is not None:
            query = query.where(at.version == version)
        with self._database.read() as connection:
            row = connection.execute(query.order_by(at.version.desc()).limit(1)).first()
        if row is None:
            raise self._missing(workspace, name, version)
        return self.value(row)

    def change(self, workspace: str, name: str, version: int, decide: Callable[[T], T]) -> T:
        mine = self._is(workspace, name, version)
        with self._database.write() as connection:
            held = select(*self.columns).where(*mine).with_for_update()
            row = connection.execute(held).one_or_none()
            if row is None:
                raise self._missing(workspace, name, version)
            after = replace(
                decide(self.value(row)), workspace=workspace, name=name, version=version
            )
            connection.execute(update(self.table).where(*mine).values(**asdict(after)))
        return after

    def remove(self, workspace: str, name: str, version: int) -> None:
        with self._database.write() as connection:
            gone = connection.execute(
                delete(self.table).where(*self._is(workspace, name, version))
            )
            if gone.rowcount == 0:
                raise self._missing(workspace, name, version)

    def _is(self, workspace: str, name: str, version: int) -> list[ColumnElement[bool]]:
        at = self.table.c
        return [at.workspace == workspace, at.name == name, at.version == version]

    def _missing(self, workspace: str, name: str, version: int | None) -> NotFound:
        which = name if version is None else f"{name}:{version}"
        return NotFound(f"There is no {self.noun} {which!r} in workspace {workspace!r}.")

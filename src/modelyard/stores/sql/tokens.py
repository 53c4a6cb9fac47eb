"""API tokens in SQL: never the secret, only its hash."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.tokens import Role, Token
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.statements import insert_new
from modelyard.stores.sql.tables import tokens

_COLUMNS = [column for column in tokens.c if column.name != "seq"]


class SqlTokenStore:
    """``TokenStore`` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, token: Token) -> None:
        with self._database.write() as connection:
            if not insert_new(connection, tokens, asdict(token)):
                raise AlreadyExists(
                    f"There is a token {token.name!r} already. Revoke it first, or take "
                    "another name."
                )

    def find(self, sha256: str) -> Token | None:
        query = select(*_COLUMNS).where(tokens.c.sha256 == sha256)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _token(row)

    def list(self) -> Sequence[Token]:
        with self._database.read() as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(tokens.c.seq.desc())).all()
        return [_token(row) for row in rows]

    def revoke(self, id: str, when: datetime) -> None:
        mine = tokens.c.id == id
        change = update(tokens).where(mine, tokens.c.revoked.is_(None)).values(revoked=when)
        with self._database.write() as connection:
            if connection.execute(change).rowcount == 1:
                return
            if connection.execute(select(tokens.c.id).where(mine)).first() is None:
                raise NotFound(f"There is no token with id {id!r}.")


def _token(row: Row[Any]) -> Token:
    columns = dict(row._mapping)
    return Token(**{**columns, "role": Role(columns["role"])})

"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from modelyard.domain.errors import BadInput
from modelyard.stores import documents

Document = JSON(none_as_null=True)
"""A dict-like value; key order and every number stay as they were."""

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""An integer that orders rows; only INTEGER is counted up by SQLite itself."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC time with microseconds: timestamptz, or ISO text of fixed width on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text that sorts like time where there is no type for it."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Raises ``BadInput`` for a time without zone: it would mean another time elsewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise BadInput(f"The time {value.isoformat()} has no time zone; times are in UTC.")
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """In UTC, whatever the zone of the session is."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class LooseDocument(TypeDecorator[Any]):
    """Any JSON value, NaN and Infinity too, as text that is never searched."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """As ASCII."""
        return documents.encode_loose(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """The value again."""
        return documents.decode(value)

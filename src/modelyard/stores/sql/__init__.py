"""Metadata in SQL: SQLite or PostgreSQL, one file per noun."""

from modelyard.stores.sql.opening import open_sql

__all__ = ["open_sql"]

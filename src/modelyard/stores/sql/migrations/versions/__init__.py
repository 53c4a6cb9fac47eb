"""
The changes, in order. They are never edited after a release.

A change imports the column types of ``modelyard.stores.sql.types`` but not the tables: those are
the present, a migration is the past.
"""

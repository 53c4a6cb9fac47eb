"""The schema's history: one module in ``versions`` for each change of ``tables.py``."""

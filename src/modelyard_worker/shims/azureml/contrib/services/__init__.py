"""The names that scripts with ``@rawhttp`` import."""

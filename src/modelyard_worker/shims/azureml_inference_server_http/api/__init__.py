"""``@rawhttp`` and AMLResponse."""

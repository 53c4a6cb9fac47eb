"""Environments that are heavy to build are kept for all runs of the tests on this machine."""

import os
from pathlib import Path


def shared_environments_path() -> Path:
    """The folder; a ``UvBuilder`` on it may be used by any number of tests at once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "modelyard-tests" / "environments"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

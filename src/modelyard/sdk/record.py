"""What was in use when a model was registered: the Python and the packages loaded here."""

import platform
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

_OURS = frozenset({"modelyard", "modelyard-worker"})


def record() -> dict[str, Any]:
    """The Python version and the versions of the third-party packages that this process loaded."""
    return {
        "python": platform.python_version(),
        "packages": versions_of(loaded(sys.modules), packages_distributions()),
    }


def loaded(modules: Iterable[str]) -> set[str]:
    """The top-level names of loaded modules that are not of the standard library."""
    tops = {name.partition(".")[0] for name in modules}
    return {top for top in tops if top not in sys.stdlib_module_names and not top.startswith("_")}


def versions_of(tops: set[str], owners: Mapping[str, list[str]]) -> dict[str, str]:
    """The version of each distribution that owns one of these top-level names."""
    names = {owner for top in tops for owner in owners.get(top, ())} - _OURS
    found = {}
    for name in sorted(names, key=str.lower):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

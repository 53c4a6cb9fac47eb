"""
``sklearn.externals.joblib`` and ``.six`` where scikit-learn has dropped them (0.23 and later).

Scripts of 2019 import them; pickles of that time name them. They map to the packages of their own
name. A scikit-learn that still has them is left alone.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_PARENT = "sklearn.externals"
_DROPPED = ("joblib", "six")


class _Finder(MetaPathFinder):
    """Stands last on ``sys.meta_path``: asked only where nobody else has found the module."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        del path, target
        if fullname == _PARENT:
            return ModuleSpec(fullname, _Empty(), is_package=True)
        if not fullname.startswith(_PARENT + "."):
            return None
        name = fullname[len(_PARENT) + 1 :]
        top = name.split(".", 1)[0]
        if top not in _DROPPED:
            return None
        if find_spec(top) is None:
            raise ModuleNotFoundError(
                "scikit-learn no longer carries %s: add '%s' to the environment's packages."
                % (fullname, top),
                name=top,
            )
        return ModuleSpec(fullname, _Alias(name), is_package=True)


class _SubmoduleFinder(MetaPathFinder):
    """
    Stands first: a submodule of an alias is that of the real package, not a second copy of it.

    Asked last, it would never be: the alias has the real package's path.
    """

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        del path, target
        if not fullname.startswith(_PARENT + "."):
            return None
        name = fullname[len(_PARENT) + 1 :]
        top, _, below = name.partition(".")
        alias = sys.modules.get("%s.%s" % (_PARENT, top))
        if not below or alias is None or alias is not sys.modules.get(top):
            return None
        return ModuleSpec(fullname, _Alias(name), is_package=True)


class _Alias(Loader):
    """Gives the top-level module under the old name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._saved: Any = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        del spec
        module = importlib.import_module(self._name)
        self._saved = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # the import system has written the old name over the module's own
        module.__spec__ = self._saved
        module.__loader__ = self._saved.loader
        module.__name__ = self._saved.name
        module.__package__ = self._saved.parent


class _Empty(Loader):
    """A package of nothing, for a scikit-learn without ``externals``."""

    def create_module(self, spec: ModuleSpec) -> None:
        del spec

    def exec_module(self, module: ModuleType) -> None:
        del module


def install() -> None:
    """Put the finders in their places; doing it twice changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
        sys.meta_path.insert(0, _SubmoduleFinder())

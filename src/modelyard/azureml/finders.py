"""The finders that make ``import azureml…`` give the modules of this package."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from modelyard.azureml._sentences import sentence

_OURS = "modelyard."
_OPEN = "azureml.ai"
"""A package of another project that scripts may have installed beside us."""

_GONE = {"sklearn.externals.joblib": "joblib", "sklearn.externals.six": "six"}
"""Modules that scikit-learn has dropped, and where they are now."""


class First(MetaPathFinder):
    """
    Stands first on ``sys.meta_path``: also before an installed ``azureml`` folder.

    A bare ``azureml/__init__.py`` in site-packages would hide everything else of that name.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of the module of ours under Azure's name."""
        if fullname != "azureml" and not fullname.startswith("azureml."):
            return None
        if fullname == _OPEN:
            return PathFinder.find_spec(fullname, _installed_folders())
        if fullname.startswith(_OPEN + "."):
            return None
        return None if _found(_OURS + fullname) is None else _alias(fullname, _OURS + fullname)


class Last(MetaPathFinder):
    """Stands last: modules that nobody has. Finds what has moved, else says what to use."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of what has moved. Raises ``ModuleNotFoundError`` with a sentence."""
        if fullname in _GONE:
            return _alias(fullname, _GONE[fullname])
        if fullname.removeprefix(_OURS).startswith("azureml."):
            # named for the top package: an error that carries the module's own name is dropped
            # by `from package import name`, and the sentence with it
            raise ModuleNotFoundError(sentence(fullname), name="azureml")
        return None


class _Alias(Loader):
    """Gives a module that is known under another name."""

    def __init__(self, target: str) -> None:
        self._target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._target)
        if self._target.startswith(_OURS):
            _explain_missing(module)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # the import machinery has put the alias's spec there
        module.__spec__ = self._spec


def install() -> None:
    """Put both finders in place; doing it twice changes nothing."""
    if not any(isinstance(finder, First) for finder in sys.meta_path):
        sys.meta_path.insert(0, First())
    if not any(isinstance(finder, Last) for finder in sys.meta_path):
        sys.meta_path.append(Last())
    for name in [n for n in sys.modules if n == "azureml" or n.startswith("azureml.")]:
        if not name.startswith(_OPEN) and not sys.modules[name].__name__.startswith(_OURS):
            del sys.modules[name]


def _alias(name: str, target: str) -> ModuleSpec | None:
    return spec_from_loader(name, _Alias(target))


def _found(name: str) -> ModuleSpec | None:
    parent = import_module(name.rpartition(".")[0])
    return PathFinder.find_spec(name, getattr(parent, "__path__", []))


def _installed_folders() -> list[str]:
    folders = (Path(entry or ".") / "azureml" for entry in sys.path)
    return [str(folder) for folder in folders if folder.is_dir()]


def _explain_missing(module: ModuleType) -> None:
    """
    Let ``from module import Name`` and ``module.Name`` say what to use for a name it lacks.

    With a ``__path__`` the import machinery asks the finders for the name, and ``Last`` answers.
    """

    def missing(name: str) -> Any:
        raise AttributeError(sentence(f"{module.__name__}.{name}"))

    module.__dict__.setdefault("__getattr__", missing)
    module.__dict__.setdefault("__path__", [])

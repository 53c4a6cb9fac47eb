"""Why a model cannot be served, and what to do about it."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Iterator, Optional, Sequence

from modelyard_worker.packages import installed, package_of

_FOREIGN_PICKLE = re.compile(
    r"incompatible dtype|unsupported pickle protocol|has no attribute|Can't get attribute"
    r"|unexpected keyword|deserializ|cannot import name"
)


class BadModel(Exception):
    """The model cannot be served as it is; ``hint`` says what to do."""

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.hint = hint


class MissingPackage(ModuleNotFoundError):
    """Packages that the model needs are not in the environment; ``name`` names them."""


def need(module: str) -> Any:
    """Import a framework's module. Raises MissingPackage, which names the package."""
    top = module.split(".")[0]
    if find_spec(top) is None:
        must_have([top])
    return import_module(module)


def must_have(modules: Sequence[str]) -> None:
    """Raises MissingPackage for all that are not there, without importing those that are."""
    missing = [package_of(module) for module in modules if find_spec(module) is None]
    if missing:
        names = " and ".join("'%s'" % name for name in missing)
        raise MissingPackage("The environment has no %s." % names, name=names)


def hint_for(error: BaseException, framework: str, package: str, version: str) -> Optional[str]:
    """A sentence that says what to do; None where nothing better is known."""
    for each in _chain(error):
        if isinstance(each, BadModel):
            return each.hint
        if isinstance(each, MissingPackage):
            return (
                "Give an environment whose packages have %s, or deploy without an environment: "
                "one for %s is made then." % (each.name, framework)
            )
        if isinstance(each, PermissionError):
            return "The user who runs Modelyard must be able to read the model's files."
        if isinstance(each, MemoryError):
            return "Give the service more memory_gb, or fewer workers."
        if isinstance(each, ModuleNotFoundError) or "__main__" in str(each):
            return None  # ``hints`` knows these, also of scripts
        if _is_of_another_version(each):
            return _other_version(framework, package, version)
    return None


def _is_of_another_version(error: BaseException) -> bool:
    if isinstance(error, (AttributeError, TypeError, ValueError, KeyError, ImportError)):
        return bool(_FOREIGN_PICKLE.search(str(error)))
    return False


def _other_version(framework: str, package: str, version: str) -> str:
    here = installed().get(package)
    return (
        "The model seems to be saved with another version of '%s' than the one installed%s%s: "
        "register it with the version that trained it (model_framework_version=…), or give an "
        "environment that has that version."
        % (
            package,
            " (%s)" % here if here else "",
            ", its registered version of %s is %s" % (framework, version) if version else "",
        )
    )


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__

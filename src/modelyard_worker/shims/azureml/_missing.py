"""A sentence for every name of the SDK that is not here, saying what to use."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

_CLIENT = (
    "use it in your own scripts: pip install modelyard, then `from modelyard import %s` "
    "(or run the script with `python -m modelyard.azureml`)"
)

_INSTEAD = (("azureml.contrib", "only azureml.contrib.services.aml_request and aml_response are"),)


def sentence(name: str) -> str:
    """Why ``name`` cannot be imported and what to use."""
    for prefix, instead in _INSTEAD:
        if name == prefix or name.startswith(prefix + "."):
            return "'%s' is not available in a Modelyard service or job: %s." % (name, instead)
    instead = _CLIENT % name.rsplit(".", 1)[-1]
    return "'%s' is not available in a Modelyard service or job: %s." % (name, instead)


class Finder(MetaPathFinder):
    """Stands last on ``sys.meta_path``: asked only for azureml modules that nobody has."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        del path, target
        if fullname.startswith("azureml."):
            # named for the top package: an error that carries the module's own name is dropped
            # by `from package import name`, and the sentence with it
            raise ModuleNotFoundError(sentence(fullname), name="azureml")


def install() -> None:
    """Put the finder last; doing it twice changes nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())

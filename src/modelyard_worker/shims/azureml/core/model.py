"""``Model.get_model_path``: where a service's script and a job find their models."""

from __future__ import annotations

import json
import os
from typing import Any, Iterator, List, NamedTuple, Optional

from azureml._missing import sentence
from azureml.exceptions import ModelNotFoundException, UserErrorException

# a package in name only: `from azureml.core.model import X` then asks the finder for what is not
# here, whose sentence reaches the user, while that of __getattr__ would be lost
__path__: List[str] = []

_CACHE = "azureml-models"


class _Handed(NamedTuple):
    """A model that the service was deployed with."""

    name: str
    version: int
    path: str


class _NamesWhatToUse(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(sentence("azureml.core.Model." + name))


class Model(metaclass=_NamesWhatToUse):
    """A registered model; here only its files can be asked for."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise UserErrorException(
            "Model(...) looks a model up in a workspace, which a service's script has not: use "
            "Model.get_model_path(NAME) or os.getenv('AZUREML_MODEL_DIR')."
        )

    @staticmethod
    def get_model_path(
        model_name: str, version: Optional[int] = None, _workspace: Any = None
    ) -> str:
        """
        The path of the registered file or folder; the highest version unless one is given.

        Looked for among the models the service was deployed with, in ``azureml-models`` below the
        working folder, then as ``./NAME``. Raises ModelNotFoundException.
        """
        del _workspace
        if not model_name:
            raise UserErrorException("Model.get_model_path needs the name of a model.")
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise UserErrorException("version must be an int, not %r." % (version,))
        path = _handed(model_name, version) or _cached(model_name, version)
        if path is None and version is None and os.path.exists(model_name):
            path = os.path.join(".", model_name)
        return path or _fetched(model_name, version)


def _handed(name: str, version: Optional[int]) -> Optional[str]:
    found = [model for model in _models() if model.name == name]
    if version is not None:
        found = [model for model in found if model.version == version]
    return max(found, key=lambda model: model.version).path if found else None


def _models() -> List[_Handed]:
    """The models of MODELYARD_MODELS, which the worker sets for itself and its children."""
    given = json.loads(os.environ.get("MODELYARD_MODELS") or "[]")
    return [_Handed(each["name"], int(each["version"]), each["path"]) for each in given]


def _cached(name: str, version: Optional[int]) -> Optional[str]:
    for root in _roots():
        folder = os.path.join(root, name)
        if not os.path.isdir(folder):
            continue
        versions = sorted(int(entry) for entry in os.listdir(folder) if entry.isdigit())
        if version is not None:
            versions = [each for each in versions if each == version]
        if versions:
            return _only_entry(os.path.join(folder, str(versions[-1])), name)
    return None


def _roots() -> Iterator[str]:
    """Folders that hold NAME/VERSION/: below the working folder, and that of AZUREML_MODEL_DIR."""
    yield _CACHE
    given = os.environ.get("AZUREML_MODEL_DIR", "").rstrip("/")
    if given:
        yield given
        yield os.path.dirname(os.path.dirname(given))


def _only_entry(folder: str, name: str) -> str:
    entries = os.listdir(folder)
    if len(entries) != 1:
        raise ModelNotFoundException(
            "Model '%s': %s must hold exactly one file or folder, it holds %d."
            % (name, folder, len(entries))
        )
    return os.path.join(folder, entries[0])


def _fetched(name: str, version: Optional[int]) -> str:
    """Downloaded by a job; ``azureml.core.run.download_model`` does it where a run is going on."""
    if os.environ.get("AZUREML_RUN_ID"):
        from azureml.core import run

        download = getattr(run, "download_model", None)
        if download is not None:
            return str(download(name, version))
    here = ", ".join("%s:%d" % (model.name, model.version) for model in _models())
    raise ModelNotFoundException(
        "There is no model '%s'%s here. %s"
        % (
            name,
            "" if version is None else " of version %d" % version,
            "This service was deployed with: %s." % here
            if here
            else "Deploy it with the service (models=[...]), or put it at ./%s." % name,
        )
    )


def __getattr__(name: str) -> Any:
    raise AttributeError(sentence("azureml.core.model." + name))

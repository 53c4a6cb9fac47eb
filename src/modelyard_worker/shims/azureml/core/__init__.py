"""``azureml.core``: Model, and what a job needs of Run, Experiment and Workspace."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from azureml._missing import sentence
from azureml.core.model import Model

__all__ = ["Model"]

# imported when asked for: a service's script has no use for them
_OF_JOBS = {
    "Experiment": "azureml.core.experiment",
    "Run": "azureml.core.run",
    "Workspace": "azureml.core.workspace",
}


def __getattr__(name: str) -> Any:
    if name in _OF_JOBS:
        return getattr(import_module(_OF_JOBS[name]), name)
    raise AttributeError(sentence("azureml.core." + name))

"""``azureml.core``: Model, and Run where there is one."""

from __future__ import annotations

from typing import Any

from azureml._missing import sentence
from azureml.core.model import Model

__all__ = ["Model"]


def __getattr__(name: str) -> Any:
    if name == "Run":  # imported when asked for: a service's script has no use for it
        from azureml.core.run import Run

        return Run
    raise AttributeError(sentence("azureml.core." + name))

"""
What the worker's start needs of this package.

Imports nothing of the model's environment by itself, so that it can say what is missing there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Mapping, Optional

from modelyard_worker.executor import Runner
from modelyard_worker.nocode.problems import BadModel, hint_for, must_have
from modelyard_worker.nocode.table import framework_of


def start(greeting: Mapping[str, Any]) -> Runner:
    """The model of the front's greeting, loaded. Raises whatever loading it raises."""
    framework = framework_of(greeting["predictor"]["framework"])
    must_have([*framework.imports, "numpy"])
    runner: Runner = import_module("modelyard_worker.nocode.loading").load(greeting, framework)
    return runner


def explain(error: BaseException, greeting: Mapping[str, Any]) -> Optional[str]:
    """What to do about an error of ``start``; None where nothing is known."""
    asked = greeting["predictor"]
    try:
        framework = framework_of(asked["framework"])
    except BadModel as unknown:
        return unknown.hint
    version = str(asked.get("framework_version") or "")
    return hint_for(error, framework.name, framework.package, version)

"""The entry script: found, imported, initialised, and asked how its run() wants to be called."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List

from modelyard_worker import failures, matrices, options, schema
from modelyard_worker.errors import BadScript
from modelyard_worker.inputs import HEADERS_PARAMETER, Reader, reader_for
from modelyard_worker.rawhttp import is_raw


class Script:
    """A loaded entry script."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.run: Callable[..., Any] = _run_of(module)
        self.decorated = schema.is_decorated(self.run)
        self.raw = is_raw()
        _give_flask_an_app()
        self.is_async = _is_async(self.run)
        parameters = _parameters(self.run)
        self.with_headers = any(p.name == HEADERS_PARAMETER for p in parameters)
        self.parameters = [p for p in parameters if p.name != HEADERS_PARAMETER]
        self._check()
        self._own_run = self.run
        self.read: Reader = reader_for(
            self.parameters, self.raw, self.decorated, self.with_headers
        )
        if options.chosen().detect_failures:
            self.run = failures.watched(self.run)

    def _check(self) -> None:
        if self.raw and self.decorated:
            raise BadScript("run() cannot be decorated with both @rawhttp and @input_schema.")
        if not self.parameters:
            raise BadScript("run() takes no parameter: write run(data), it gets the request.")
        needed = [p.name for p in self.parameters[1:] if p.default is inspect.Parameter.empty]
        if needed and not self.decorated:
            raise BadScript(
                "run() needs %s besides '%s', but without @input_schema only the request's body "
                "is given: add an @input_schema for each, or a default."
                % (" and ".join("'%s'" % name for name in needed), self.parameters[0].name)
            )

    def describe(self) -> Dict[str, Any]:
        """What the front wants to know: the second HELLO, in part."""
        given, returned = schema.schemas_of(self.run)
        return {
            "decorated": self.decorated,
            "raw": self.raw,
            "async": self.is_async,
            # what run() sees of them, and what the worker looks at itself; None is all of them
            "headers": None if self.raw or self.with_headers else ["content-type", "x-request-id"],
            "parameters": [parameter.name for parameter in self.parameters],
            "required": [p.name for p in self.parameters if p.default is inspect.Parameter.empty],
            # known only when inference-schema is mended, which it is by now
            "matrix": matrices.wanted(self._own_run, [p.name for p in self.parameters]),
            "input_schema": given,
            "output_schema": returned,
        }


def load(entry_script: str, app_root: str) -> ModuleType:
    """Import the entry script as a module of its own name."""
    path = os.path.join(app_root, entry_script)
    if not os.path.isfile(path):
        raise BadScript("There is no entry script '%s' in %s." % (entry_script, app_root))
    folder = os.path.dirname(os.path.abspath(path))
    for place in (app_root, folder):  # the folder ends up first
        while place in sys.path:
            sys.path.remove(place)
        sys.path.insert(0, place)
    name = _module_name(path)
    loader = None
    if options.chosen().detect_failures:
        failures.watch(app_root)
        loader = failures.loader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise BadScript("The entry script '%s' is no Python file." % entry_script)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _module_name(path: str) -> str:
    """The file's own name, unless a module that is already loaded has it."""
    stem = os.path.splitext(os.path.basename(path))[0]
    return stem if stem.isidentifier() and stem not in sys.modules else "entry_module"


def _run_of(module: ModuleType) -> Callable[..., Any]:
    driver = getattr(module, "driver_module", None)
    if isinstance(driver, ModuleType) and hasattr(driver, "run"):
        module = (
            driver  # a script generated around the user's own: as Azure's server, not run twice
        )
    run = getattr(module, "run", None)
    if not callable(run):
        raise BadScript(
            "The entry script %s defines no function run(data): it is what answers a request."
            % os.path.basename(str(module.__file__))
        )
    return run  # type: ignore[no-any-return]


def _give_flask_an_app() -> None:
    """What a script makes with Flask (``jsonify``, ``make_response``) needs an app around it."""
    flask = sys.modules.get("flask")
    if flask is not None and hasattr(flask, "Flask"):
        flask.Flask("modelyard_worker").app_context().push()


def _parameters(run: Callable[..., Any]) -> List[inspect.Parameter]:
    try:
        parameters = list(inspect.signature(run).parameters.values())
    except (TypeError, ValueError):
        raise BadScript("run() does not say what it takes: write run(data).") from None
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(parameter.kind not in named for parameter in parameters):
        raise BadScript("run() cannot accept positional-only arguments, *args or **kwargs.")
    return parameters


def _is_async(run: Callable[..., Any]) -> bool:
    inner = inspect.unwrap(run)
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)

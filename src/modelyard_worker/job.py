"""
``python -m modelyard_worker.job SCRIPT ARGUMENTS…``: a job's script, as ``python SCRIPT`` runs it.

The shims are there, or the whole SDK where the environment has it. An exception that ends the
script is also written to MODELYARD_FAULT_FILE.
"""

import os
import sys

if __name__ == "__main__":
    # -m puts the working folder first; the user's http.py or email.py must not become ours
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]

import builtins
import json
import tokenize
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Dict, List

from modelyard_worker import shimming
from modelyard_worker.faults import describe

FAULT_FILE = "MODELYARD_FAULT_FILE"


def main(argv: List[str]) -> None:
    """Run the script; ends as the script does."""
    fault_file = os.environ.pop(FAULT_FILE, "")
    shimming.activate()
    if sys.version_info >= (3, 11) and find_spec("modelyard") is not None:
        # the environment has the SDK itself: its classes stand under Azure's names
        import_module("modelyard.azureml.activate")
    script = argv[0]
    source = os.getcwd()
    sys.argv = argv
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    try:
        _execute(script)
    except SystemExit as end:
        if end.code not in (None, 0) and not isinstance(end.code, int):
            _write(fault_file, end, source)
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        fault = _write(fault_file, error, source)
        sys.stderr.write(fault["traceback"])
        if fault["hint"]:
            sys.stderr.write("%s\n" % fault["hint"])
        sys.exit(1)


def _execute(script: str) -> None:
    """In a module named ``__main__`` that stays: threads may outlive the last line."""
    module = ModuleType("__main__")
    module.__dict__.update(
        __file__=script,
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", script),
    )
    with tokenize.open(script) as stream:
        text = stream.read()
    code = compile(text, script, "exec", dont_inherit=True)
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def _write(path: str, error: BaseException, source: str) -> Dict[str, Any]:
    fault = describe(error, "run", source)
    if path:
        try:
            with open(path, "w", encoding="utf-8") as stream:
                json.dump(fault, stream)
        except OSError:
            pass  # what is printed has to do
    return fault


if __name__ == "__main__":
    main(sys.argv[1:])

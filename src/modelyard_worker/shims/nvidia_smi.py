"""
``import nvidia_smi``: NVML under the name that nvidia-ml-py3 gave it.

An environment that has a ``nvidia_smi`` of its own keeps it; else it is the module ``pynvml`` of
the package nvidia-ml-py, which is NVIDIA's own and knows the cards of today.
"""

import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

_HERE = os.path.dirname(os.path.abspath(__file__))


def _own():  # type: ignore[no-untyped-def]
    """The environment's own, or None."""
    return PathFinder.find_spec(
        __name__, [path for path in sys.path if os.path.abspath(path or ".") != _HERE]
    )


_spec = _own()
if _spec is not None and _spec.loader is not None:
    # the import system gives what stands under the name when this module has run
    sys.modules[__name__] = module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[__name__])
else:
    try:
        _found = vars(import_module("pynvml"))
    except ImportError:
        raise ModuleNotFoundError(
            "'nvidia_smi' stands on NVIDIA's package nvidia-ml-py, which this environment does "
            "not have: add 'nvidia-ml-py' to its packages.",
            name="pynvml",
        ) from None
    globals().update((name, thing) for name, thing in _found.items() if name[0] != "_")

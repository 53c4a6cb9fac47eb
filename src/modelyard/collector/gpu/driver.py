"""The way to NVIDIA's driver."""

import ctypes
import importlib
from typing import Any

LIBRARY = "libnvidia-ml.so.1"

Nvml = Any
"""The module ``pynvml``, or what stands in for it in tests."""


def load() -> Nvml | None:
    """
    NVML; None without NVIDIA's driver.

    The driver's library is tried before ``pynvml`` is imported, which takes 13 MB of memory that
    a machine without cards need not spend.
    """
    try:
        ctypes.CDLL(LIBRARY)
        # untyped, and 13 MB: only where there is a card
        pynvml = importlib.import_module("pynvml")
    except (OSError, ImportError):
        return None
    return pynvml

"""Makes the shims importable: ``azureml…`` and the modules that scikit-learn has dropped."""

from __future__ import annotations

import os
import sys

from modelyard_worker import externals, insights

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shims")
"""Holds the packages; may as well be put on a job's PYTHONPATH."""


def activate() -> None:
    """
    Put the shims first on ``sys.path`` and the finders last; twice is fine.

    First, because azureml-ai-monitoring installs an ``azureml/__init__.py`` that hides every
    ``azureml`` module installed elsewhere; ours extends its path over all of them.
    """
    while FOLDER in sys.path:
        sys.path.remove(FOLDER)
    sys.path.insert(0, FOLDER)
    externals.install()
    insights.install()

"""The same scoring script, with a sample by which batching is tried at the start."""

import json

from score import init, run

__all__ = ["init", "run", "sample_input"]

sample_input = json.dumps(
    {"data": [[0.1 * n for n in range(10)], [1.0 - 0.2 * n for n in range(10)]]}
)

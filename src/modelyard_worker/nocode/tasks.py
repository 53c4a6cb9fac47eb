"""What a Hugging Face model is for: its folder says it, or its architecture's name."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict

from modelyard_worker.nocode.problems import BadModel

TASKS = {
    "SequenceClassification": "text-classification",
    "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering",
    "MaskedLM": "fill-mask",
    "CausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "Seq2SeqLM": "text2text-generation",
    "ConditionalGeneration": "text2text-generation",
    "Model": "feature-extraction",
}
"""The end of an architecture's name (after ``For``) and the task it is made for."""


def task_of(folder: str) -> str:
    """From the model card's ``pipeline_tag``, the config's own word, or the architecture."""
    config = _config(folder)
    said = _card_of(folder) or config.get("pipeline_tag") or config.get("task")
    if said:
        return str(said)
    for architecture in config.get("architectures") or ():
        kind = str(architecture).split("For")[-1]
        for ending, task in TASKS.items():
            if kind.endswith(ending):
                return task
    raise BadModel(
        "The model does not say what it is for (architectures: %s)." % config.get("architectures"),
        "Write 'pipeline_tag: text-classification' (or its task) between two lines of '---' at "
        "the beginning of README.md in the model's folder, and register it again.",
    )


def _config(folder: str) -> Dict[str, Any]:
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config: Dict[str, Any] = json.load(file)
    return config


def _card_of(folder: str) -> str:
    try:
        with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
            match = re.search(r"^pipeline_tag:\s*['\"]?([\w-]+)", file.read(1 << 16), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return ""
    return match[1] if match else ""

"""Hugging Face: a folder that ``save_pretrained`` wrote, run as a transformers pipeline."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Dict, List, Sequence, Tuple

from modelyard_worker.nocode.files import one_folder
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.nocode.tasks import task_of
from modelyard_worker.tensors import Arrays, Named, np

COLUMNS = {
    "question-answering": ("question", "context"),
    "table-question-answering": ("query", "table"),
    "zero-shot-classification": ("sequences", "candidate_labels"),
}
"""Tasks that take more than one text for each row."""

_TEXTS = ("text", "inputs")
_BATCH = 32


class PipelinePredictor(Predictor):
    """A pipeline: texts in; out come an output for each key of its answers, or JSON."""

    guessable = False  # an answer may take seconds, and be about anything

    def __init__(self, pipeline: Any, task: str) -> None:
        self.pipeline = pipeline
        self.task = task
        names = COLUMNS.get(task, _TEXTS[:1])
        by_columns = task in COLUMNS
        inputs = [Spec(name, "BYTES", (-1, 1) if by_columns else (-1,)) for name in names]
        methods: Tuple[str, ...] = ("predict",)
        found = [Spec("predict", "BYTES", (-1,))]
        if task == "text-classification":
            methods = ("predict", "predict_proba")
            found = [Spec("label", "BYTES", (-1,)), Spec("score", "FP64", (-1,))]
        platform = "transformers_" + task.replace("-", "_")
        super().__init__(Signature(inputs, found, by_columns, methods, platform))

    def predict(self, inputs: Any, method: str) -> Named:
        columns = [array.reshape(-1).tolist() for array in inputs.values()]
        if method == "predict_proba":
            return self._probabilities(columns[0])
        if self.signature.columns:
            rows = [dict(zip(inputs, values)) for values in zip(*columns)]
            return _named([self.pipeline(**row) for row in rows])
        return _named(self._run(columns[0]))

    def _run(self, texts: List[str], **options: Any) -> List[Any]:
        tokenizer = getattr(self.pipeline, "tokenizer", None)
        can_pad = getattr(tokenizer, "pad_token_id", None) is not None
        size = min(len(texts), _BATCH) if can_pad else 1
        answers = list(self.pipeline(texts, batch_size=max(1, size), **options))
        # some tasks give the answers of a single text without a list around them
        return [answers] if len(texts) == 1 and len(answers) != 1 else answers

    def _probabilities(self, texts: List[str]) -> Named:
        """A column for each label, in the order of the model's own ids."""
        labels = [label for _, label in sorted(self.pipeline.model.config.id2label.items())]
        rows = []
        for answer in self._run(texts, top_k=None):
            scores = {each["label"]: each["score"] for each in answer}
            rows.append([scores[label] for label in labels])
        return [("predict_proba", np.array(rows, dtype=np.float64))]


def load(path: str, sample: Arrays) -> Predictor:  # noqa: ARG001 (the task tells the types)
    """The model in the folder with ``config.json``; nothing is fetched from anywhere."""
    folder = one_folder(path, _is_model, "Hugging Face model (a folder with config.json)")
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    task = task_of(folder)
    transformers = import_module("transformers")
    try:
        pipeline = transformers.pipeline(task, model=folder, tokenizer=folder)
    except KeyError as error:
        if "Unknown task" not in str(error):
            raise
        raise BadModel(
            "transformers %s has no pipeline for '%s'." % (transformers.__version__, task),
            "Register the model with a model_framework_version that has it.",
        ) from error
    return PipelinePredictor(pipeline, task)


def _is_model(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "config.json"))


def _named(answers: Sequence[Any]) -> Named:
    """An output for each key where all answers are flat and alike, else each answer as JSON."""
    flat = [a[0] if isinstance(a, list) and len(a) == 1 else a for a in answers]
    keys = list(flat[0]) if flat and isinstance(flat[0], dict) else []
    if keys and all(isinstance(a, dict) and list(a) == keys and _is_flat(a) for a in flat):
        return [pair for key in keys for pair in outputs(key, [a[key] for a in flat])]
    whole = np.empty(len(answers), dtype=object)
    whole[:] = [a if isinstance(a, dict) else {"answer": a} for a in answers]
    return outputs("predict", whole)


def _is_flat(answer: Dict[str, Any]) -> bool:
    return all(isinstance(value, (str, int, float, bool)) for value in answer.values())

"""The ``log…`` methods of a job's run, with or without a server behind them."""

from __future__ import annotations

import datetime
import io
import json
import os
import time
from typing import Any, Dict, Iterable, Optional

from azureml.core._metrics import plain, scalar
from azureml.exceptions import UserErrorException


class LogsMetrics:
    """Turns what scripts log into metrics; ``_keep`` takes them."""

    def _keep(self, metric: Dict[str, Any]) -> None:
        raise NotImplementedError

    def _keep_image(self, name: str, content: bytes) -> str:
        raise NotImplementedError

    def log(
        self, name: str, value: Any, description: str = "", step: Optional[int] = None
    ) -> None:
        """Log one value."""
        self._add(name, "scalar", scalar(name, value), description, step)

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """Log a list."""
        values = value if hasattr(value, "tolist") else list(value)
        self._add(name, "list", plain(values), description)

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        """Log one row of a table; the keywords are its columns."""
        if not kwargs:
            raise UserErrorException("log_row('%s') needs a column as a keyword." % name)
        row = {key: scalar(key, value) for key, value in kwargs.items()}
        self._add(name, "row", row, description or "")

    def log_table(self, name: str, value: Dict[str, Any], description: str = "") -> None:
        """Log a table: a dict of columns."""
        if not isinstance(value, dict) or not value:
            raise UserErrorException("log_table('%s') takes a dict of columns." % name)
        self._add(name, "table", plain(value), description)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Log a confusion matrix."""
        self._add(name, "confusion_matrix", _document(name, value), description)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Log an accuracy table."""
        self._add(name, "accuracy_table", _document(name, value), description)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Log residuals."""
        self._add(name, "residuals", _document(name, value), description)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Log predictions."""
        self._add(name, "predictions", _document(name, value), description)

    def log_image(
        self, name: str, path: Optional[str] = None, plot: Any = None, description: str = ""
    ) -> None:
        """Log an image: a file, or what has ``savefig``."""
        if (path is None) == (plot is None):
            raise UserErrorException("log_image('%s') takes either path or plot." % name)
        suffix = ".png"
        if path is not None:
            suffix = os.path.splitext(path)[1]
            with open(path, "rb") as stream:
                content = stream.read()
        else:
            buffer = io.BytesIO()
            plot.savefig(buffer, format="png")
            content = buffer.getvalue()
        address = self._keep_image("%s_%d%s" % (name, int(time.time()), suffix), content)
        self._add(name, "image", address, description)

    def _add(
        self, name: str, kind: str, value: Any, description: str, step: Optional[int] = None
    ) -> None:
        if not isinstance(name, str) or not name:
            raise UserErrorException("The name of a metric must be text, not %r." % (name,))
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        self._keep(
            {
                "name": name,
                "kind": kind,
                "value": value,
                "logged": now,
                "step": step,
                "description": description or "",
            }
        )


def _document(name: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            if value.lstrip().startswith("{"):
                return json.loads(value)
            with open(value) as stream:
                return json.load(stream)
        except (OSError, ValueError):
            pass
    elif isinstance(value, dict):
        return plain(value)
    raise UserErrorException("The value of '%s' must be a dict, JSON text or a JSON file." % name)

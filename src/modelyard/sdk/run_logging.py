"""The ``log…`` methods of every kind of run."""

import io
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from modelyard.domain.clock import utc
from modelyard.domain.runs import MetricKind
from modelyard.sdk import metric_values
from modelyard.sdk.errors import UserErrorException
from modelyard.wire.runs import Metric


class LogsMetrics(ABC):
    """Turns what scripts log into metrics; where they go is up to the run."""

    @abstractmethod
    def _keep(self, metric: Metric) -> None:
        """Take one metric."""

    @abstractmethod
    def _keep_image(self, file_name: str, content: bytes) -> str:
        """Take the bytes of an image; its address."""

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Log one value; several under one name make a list."""
        self._add(name, MetricKind.SCALAR, metric_values.scalar(name, value), description, step)

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """Log a list of values."""
        values = metric_values.plain(value if hasattr(value, "tolist") else list(value))
        self._add(name, MetricKind.LIST, values, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Log one row of a table; the keywords are its columns."""
        if not kwargs:
            raise UserErrorException(f"log_row({name!r}) needs at least one column as a keyword.")
        row = {key: metric_values.scalar(key, value) for key, value in kwargs.items()}
        self._add(name, MetricKind.ROW, row, description or "")

    def log_table(self, name: str, value: Mapping[str, Any], description: str = "") -> None:
        """Log a table: a dict of columns, each a list."""
        if not isinstance(value, Mapping) or not value:
            raise UserErrorException(f"log_table({name!r}) takes a dict of columns.")
        self._add(name, MetricKind.TABLE, metric_values.plain(value), description)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Log a confusion matrix: Azure's dict, JSON text or file."""
        self._chart(name, MetricKind.CONFUSION_MATRIX, value, description)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Log an accuracy table: Azure's dict, JSON text or file."""
        self._chart(name, MetricKind.ACCURACY_TABLE, value, description)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Log residuals: Azure's dict, JSON text or file."""
        self._chart(name, MetricKind.RESIDUALS, value, description)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Log predictions: Azure's dict, JSON text or file."""
        self._chart(name, MetricKind.PREDICTIONS, value, description)

    def log_image(
        self, name: str, path: str | None = None, plot: Any = None, description: str = ""
    ) -> None:
        """Log an image: a file, or what has ``savefig`` (a figure, or pyplot itself)."""
        if (path is None) == (plot is None):
            raise UserErrorException(f"log_image({name!r}) takes either path or plot.")
        suffix, content = _picture(name, path, plot)
        address = self._keep_image(f"{name}_{int(time.time())}{suffix}", content)
        self._add(name, MetricKind.IMAGE, address, description)

    def _chart(self, name: str, kind: MetricKind, value: Any, description: str) -> None:
        self._add(name, kind, metric_values.document(name, value), description)

    def _add(
        self, name: str, kind: MetricKind, value: Any, description: str, step: int | None = None
    ) -> None:
        if not isinstance(name, str) or not name:
            raise UserErrorException(f"The name of a metric must be text, not {name!r}.")
        self._keep(
            Metric(
                name=name, kind=kind, value=value, logged=utc(time.time()), step=step,
                description=description or "",
            )
        )  # fmt: skip


def _picture(name: str, path: str | None, plot: Any) -> tuple[str, bytes]:
    if path is not None:
        try:
            return Path(path).suffix, Path(path).read_bytes()
        except OSError as error:
            raise UserErrorException(f"The image {path!r} of {name!r} cannot be read.") from error
    if not hasattr(plot, "savefig"):
        raise UserErrorException(f"The plot of {name!r} must have savefig(), as figures have.")
    buffer = io.BytesIO()
    plot.savefig(buffer, format="png")
    return ".png", buffer.getvalue()

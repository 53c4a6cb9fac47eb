"""Azure's Collector for services that were deployed with ``collect_model_data=True``."""

from __future__ import annotations

from typing import Any, Callable, Optional

from azureml.ai.monitoring.context import CorrelationContext, get_context
from modelyard_worker import collected, collecting


class Collector:
    """
    Collects data frames under a name, like ``model_inputs``.

    Where nothing is collected it does nothing. What goes wrong goes to ``on_error``, and to the
    log without one; it is never raised, unlike Azure's where ``on_error`` is left out.
    """

    def __init__(
        self, *, name: str, on_error: Optional[Callable[[Exception], Any]] = None
    ) -> None:
        self.name = str(name)
        self._on_error = on_error
        if collecting.enabled() and not self.name:
            self._failed(Exception("collection name is not provided"))

    def collect(
        self, data: Any, correlation_context: Optional[CorrelationContext] = None
    ) -> CorrelationContext:
        """Collect a data frame; gives the context for what belongs to it."""
        context = correlation_context if correlation_context is not None else get_context()
        into = collecting.current() if self.name else None
        if into is None:
            return context
        try:
            if not (hasattr(data, "columns") and hasattr(data, "iloc")):
                raise TypeError(
                    "data type (%s) not supported, supported types: pandas.DataFrame"
                    % type(data).__name__
                )
            rows = collected.table(data, None)
            into.add(into.model, self.name, rows, into.correlate(context.get_id()))
        except Exception as error:
            self._failed(error)
        return context

    def _failed(self, error: Exception) -> None:
        into = collecting.current()
        try:
            if self._on_error is not None:
                self._on_error(error)
            elif into is not None:
                into.failed(error)
        except Exception as another:
            if into is not None:
                into.failed(another)

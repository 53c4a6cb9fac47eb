"""Azure's ModelDataCollector for services that were deployed with ``collect_model_data=True``."""

from __future__ import annotations

import os
import warnings
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Sequence
from uuid import uuid4

from modelyard_worker import collected, collecting
from modelyard_worker.collection import Collecting
from modelyard_worker.context import REQUEST_ID

_DESIGNATIONS = ("inputs", "predictions", "labels", "signals", "general")
_NO_REQUEST = "00000000-0000-0000-0000-000000000000"
_NO_TABLE = (
    "collect failed: input data must be list, numpy array, pandas dataframe, or spark dataframe."
)


class ModelDataCollector(object):
    """
    Collects the rows of one designation of a model.

    Where the service was deployed without ``collect_model_data`` it does nothing, as in Azure.
    Whatever goes wrong is logged and never raised.
    """

    AML_DC_CORRELATION_HEADER = "$aml_dc_correlation_id"
    AML_DC_SCORING_TIMESTAMP_HEADER = "$aml_dc_scoring_timestamp"
    AML_DC_BOUNDARY_HEADER = "$aml_dc_boundary"
    AML_WORKSPACE_HEADER = "$aml_workspace"
    AML_SERVICE_NAME_HEADER = "$aml_service_name"
    AML_MODEL_NAME_HEADER = "$aml_model_name"
    AML_MODEL_VERSION_HEADER = "$aml_model_version"
    AML_REQUEST_ID_HEADER = "$aml_request_id"

    _HEADERS = (
        AML_DC_CORRELATION_HEADER,
        AML_DC_SCORING_TIMESTAMP_HEADER,
        AML_DC_BOUNDARY_HEADER,
        AML_WORKSPACE_HEADER,
        AML_SERVICE_NAME_HEADER,
        AML_MODEL_NAME_HEADER,
        AML_MODEL_VERSION_HEADER,
        AML_REQUEST_ID_HEADER,
    )

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Optional[Sequence[Any]] = None,
        workspace: str = "default/default/default",
        webservice_name: str = "default",
        model_version: Any = "default",
        collection_name: str = "default",
        **older: Any,
    ) -> None:
        """``older`` takes ``identifier=`` of old scripts, which named the file."""
        self.model_name = str(model_name)
        self.model_version = str(model_version)
        self.workspace = _default(workspace, "default/default/default", "WORKSPACE").lower()
        self.service_name = _default(webservice_name, "default", "SERVICE_NAME")
        self.collection_name = str(older.get("identifier", collection_name))
        self._feature_names = None if feature_names is None else list(feature_names)
        self._designation = "general" if designation == "default" else str(designation)
        self._boundary = 60 if os.environ.get("AML_MODEL_DC_BOUNDARY") == "hour" else 1440
        self._on = self._designation in _DESIGNATIONS
        if not self._on:
            print(
                "Incorrect designation value. Supported values: "
                "'default', 'inputs', 'predictions', 'labels', 'signals', 'general'"
            )

    def collect(self, input_data: Any, user_correlation_id: str = "") -> Optional[Dict[str, Any]]:
        """
        Collect a row (a list, an array of one dimension) or rows (lists, an array, a data frame).

        For inputs it gives the correlation for ``add_correlations``, else None.
        """
        into = collecting.current() if self._on else None
        if into is None:
            return None
        try:
            return self._collect(into, input_data, user_correlation_id)
        except collected.Unusable as error:
            warnings.warn("%s It was: %s." % (_NO_TABLE, error), stacklevel=2)
        except Exception as error:
            into.failed(error)
        return None

    def add_correlations(self, input_data: Any, correlations: Optional[Dict[str, Any]]) -> Any:
        """The data with the columns of a correlation behind; the same data for None."""
        if correlations is None:
            return input_data
        names = self._HEADERS
        values = [correlations[name] for name in names]
        if isinstance(input_data, list):
            if input_data and all(isinstance(row, (list, tuple)) for row in input_data):
                return [[*row, *values] for row in input_data]
            return input_data + values
        if hasattr(input_data, "columns") and hasattr(input_data, "insert"):
            frame = input_data.copy(deep=False)
            for name, value in zip(names, values):
                frame.insert(len(frame.columns), name, value)
            return frame
        if hasattr(input_data, "toPandas"):
            return self.add_correlations(input_data.toPandas(), correlations)
        if hasattr(input_data, "dtype") and hasattr(input_data, "tolist"):
            return _behind(input_data, values)
        warnings.warn(_NO_TABLE, stacklevel=2)
        return input_data

    def _collect(
        self, into: Collecting, given: Any, user_correlation_id: str
    ) -> Optional[Dict[str, Any]]:
        version = self.model_version
        if version == "default":
            version = into.version_of(self.model_name)
        rows = collected.table(given, self._feature_names, self._HEADERS)
        found = None
        if self._designation == "inputs":
            id = str(uuid4())
            if user_correlation_id != "":
                id = "%s-%s" % (user_correlation_id, id)
            correlation = into.correlate(id)
            found = self._correlation(correlation, version)
        else:
            correlation = user_correlation_id or into.correlation()
        into.add((self.model_name, version), self._designation, rows, correlation)
        return found

    def _correlation(self, id: str, version: str) -> Dict[str, Any]:
        return {
            self.AML_DC_SCORING_TIMESTAMP_HEADER: _now(),
            self.AML_REQUEST_ID_HEADER: REQUEST_ID.single() or _NO_REQUEST,
            self.AML_DC_CORRELATION_HEADER: id,
            self.AML_DC_BOUNDARY_HEADER: self._boundary,
            self.AML_WORKSPACE_HEADER: self.workspace,
            self.AML_SERVICE_NAME_HEADER: self.service_name,
            self.AML_MODEL_NAME_HEADER: self.model_name,
            self.AML_MODEL_VERSION_HEADER: version,
        }


def _default(given: str, unsaid: str, variable: str) -> str:
    return os.environ.get(variable) or given if given == unsaid else given


def _now() -> str:
    """As ``datetime.utcnow().isoformat()``, which newer Pythons warn of."""
    return datetime.now(timezone.utc).replace(tzinfo=None).isoformat()


def _behind(array: Any, values: List[Any]) -> Any:
    """An array of objects with the values behind each row."""
    if array.ndim == 1:
        array = array.reshape(1, array.shape[0])
    width = array.shape[1]
    made = array[:, :1].astype(object).repeat(width + len(values), axis=1)
    made[:, :width] = array
    for at, value in enumerate(values):
        made[:, width + at] = value
    return made

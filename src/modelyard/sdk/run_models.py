"""Registering what a run has written."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.names import check_name
from modelyard.sdk import folders, samples
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.record import record
from modelyard.sdk.run_files import normal
from modelyard.sdk.workspaces import texts
from modelyard.wire import models as wire


class RegistersModels(ABC):
    """``register_model``: the path is that of a file or folder of the run."""

    _client: Client
    _workspace: "modelyard.Workspace"

    @property
    @abstractmethod
    def id(self) -> str:
        """The run's id."""

    @abstractmethod
    def flush(self, timeout_seconds: float = 300) -> None:
        """Store what is under way."""

    @abstractmethod
    def get_file_names(self) -> list[str]:
        """All files of the run."""

    @abstractmethod
    def _put(self, files: Mapping[str, Path]) -> None:
        """Store files."""

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        datasets: Any = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: "modelyard.ResourceConfiguration | None" = None,
        **kwargs: Any,
    ) -> "modelyard.Model":
        """
        Register a file or folder of the run as the model's next version.

        Raises ``WebserviceException`` when the run has no such file.
        """
        source = normal(model_path or model_name)
        modelyard.Model._check_framework(model_framework, model_framework_version)
        with raised_as(WebserviceException):
            check_name("model", model_name)
            self.flush()
            self._make_sure(source)
            samples_in = samples.wired(sample_input_dataset, "sample_input_dataset", print)
            samples_out = samples.wired(sample_output_dataset, "sample_output_dataset", print)
            request = wire.RunModelRequest(
                name=model_name, run_id=self.id, path=source, description=description or "",
                tags=texts(tags), properties=texts(properties), framework=model_framework,
                framework_version=model_framework_version, record=record(),
                resources=modelyard.ResourceConfiguration.payload_of(resource_configuration),
                sample_input=samples_in, sample_output=samples_out,
            )  # fmt: skip
            target = path("workspaces", self._workspace.name, "runs", self.id, "models")
            facts = self._client.send("POST", target, request, wire.Model)
        return modelyard.Model._of(self._workspace, facts)

    def _make_sure(self, source: str) -> None:
        """Send what lies here under that path when the run does not have it yet."""
        names = self.get_file_names()
        if source in names or any(n.startswith(f"{source}/") for n in names):
            return
        here = Path(source)
        if here.is_file():
            self._put({source: here})
        elif here.is_dir():
            self._put({f"{source}/{p}": f for p, f in folders.walk(here)})
        else:
            raise WebserviceException(
                f"ModelPathNotFound: run {self.id!r} has no file or folder {source!r}. "
                f"It has: {', '.join(names[:20]) or 'none'}. Write it to outputs/ before, or "
                "upload it with run.upload_file()."
            )

"""``Run.get_context()`` in jobs: logs, files and models over HTTP, standard library only."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Optional

import _modelyard_http

from azureml.core._logging import LogsMetrics
from azureml.core._metrics import shape
from azureml.core._offline import OfflineRun
from azureml.core._queue import MetricQueue
from azureml.core._values import fits, normal, record, texts
from azureml.core.experiment import Experiment
from azureml.core.workspace import Workspace
from azureml.exceptions import (
    ModelNotFoundException,
    RunEnvironmentException,
    UserErrorException,
)


class RegisteredModel:
    """What ``register_model`` gives back."""

    def __init__(self, facts: Dict[str, Any]) -> None:
        self.name = facts["name"]
        self.version = facts["version"]
        self.id = facts["id"]
        self.tags = facts.get("tags", {})
        self.properties = facts.get("properties", {})
        self.description = facts.get("description", "")

    def __repr__(self) -> str:
        return "Model(name=%s, id=%s, version=%s)" % (self.name, self.id, self.version)


class Run(LogsMetrics):
    """One run, reached over HTTP."""

    def __init__(
        self, experiment: Experiment, run_id: str, _facts: Optional[Dict[str, Any]] = None
    ) -> None:
        self.experiment = experiment
        self.id = run_id
        self.run_id = run_id
        self._server = experiment.workspace._server
        self._path = _modelyard_http.at("workspaces", experiment.workspace.name, "runs", run_id)
        self._facts = self._server.get(self._path) if _facts is None else _facts
        self._metrics = MetricQueue(self._send_metrics)

    @classmethod
    def get_context(cls, allow_offline: bool = True, **_: Any) -> Any:
        """The run that this process works for; outside a job one that is kept nowhere."""
        run_id = os.environ.get("AZUREML_RUN_ID")
        name = os.environ.get("AZUREML_ARM_WORKSPACE_NAME")
        if run_id and name and os.environ.get("MODELYARD_URL"):
            return cls.get(Workspace(name), run_id)
        if not allow_offline:
            raise RunEnvironmentException(
                "This process belongs to no run. Submit the script with "
                "experiment.submit(ScriptRunConfig(...))."
            )
        return OfflineRun()

    @classmethod
    def get(cls, workspace: Workspace, run_id: str) -> Run:
        """The run of that id."""
        facts = workspace._server.get(
            _modelyard_http.at("workspaces", workspace.name, "runs", run_id)
        )
        return cls(Experiment(workspace, facts["experiment"]), run_id, facts)

    @staticmethod
    def list(
        experiment: Experiment,
        type: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        status: Optional[str] = None,
        include_children: bool = False,
        **_: Any,
    ) -> Iterator[Run]:
        """Runs of the experiment that fit, newest first."""
        found = experiment.workspace._server.items(
            _modelyard_http.at("workspaces", experiment.workspace.name, "runs"),
            experiment=experiment.name,
            status=status,
            type=type,
            include_children="true" if include_children else "false",
        )
        for facts in found:
            if fits(facts["tags"], tags) and fits(facts["properties"], properties):
                yield Run(experiment, facts["id"], facts)

    # --- metrics

    def _keep(self, metric: Dict[str, Any]) -> None:
        self._metrics.put(metric)

    def _keep_image(self, name: str, content: bytes) -> str:
        with tempfile.NamedTemporaryFile() as spool:
            spool.write(content)
            spool.flush()
            self._put({name: spool.name})
        return "aml://artifactId/ExperimentRun/dcid.%s/%s" % (self.id, name)

    def _send_metrics(self, metrics: List[Dict[str, Any]]) -> None:
        # one try: what is away stays in the queue, and the script does not wait
        self._server.send("POST", self._path + "/metrics", {"metrics": metrics}, patience=0)

    def flush(self, timeout_seconds: float = 300, **_: Any) -> None:
        """Send what was logged."""
        self._metrics.flush(timeout_seconds)

    def get_metrics(self, name: Optional[str] = None, **_: Any) -> Dict[str, Any]:
        """Metrics by name, in Azure's shapes."""
        self._metrics.flush()
        found = self._server.items(self._path + "/metrics")
        return shape(each for each in found if name in (None, each["name"]))

    # --- files

    def upload_file(self, name: str, path_or_stream: Any, *_: Any) -> None:
        """Keep a file or a stream of bytes under ``name``."""
        if not hasattr(path_or_stream, "read"):
            self._put({normal(name): str(path_or_stream)})
            return
        with tempfile.NamedTemporaryFile() as spool:
            content = path_or_stream.read()
            spool.write(content if isinstance(content, bytes) else content.encode("utf-8"))
            spool.flush()
            self._put({normal(name): spool.name})

    def upload_files(self, names: Iterable[str], paths: Iterable[str], **_: Any) -> None:
        """Keep several files, each under its name."""
        self._put({normal(name): path for name, path in zip(names, paths)})

    def upload_folder(self, name: str, path: str, *_: Any) -> None:
        """Keep all files below a folder, under ``name/``."""
        if not os.path.isdir(path):
            raise UserErrorException("There is no folder '%s'." % path)
        top = normal(name)
        self._put({top + "/" + inner: file for inner, file in _modelyard_http.files_below(path)})

    def get_file_names(self) -> List[str]:
        """All files of the run, sorted."""
        return sorted(each["path"] for each in self._server.items(self._path + "/files"))

    def download_file(self, name: str, output_file_path: Optional[str] = None) -> None:
        """Save a file, under its own name here unless told."""
        wanted = normal(name)
        for each in self._server.items(self._path + "/files"):
            if each["path"] == wanted:
                base = wanted.rsplit("/", 1)[-1]
                target = output_file_path or base
                if os.path.isdir(target):
                    target = os.path.join(target, base)
                _modelyard_http.download(self._server, each["sha256"], target)
                return
        raise UserErrorException("Run '%s' has no file '%s'." % (self.id, wanted))

    def _put(self, files: Dict[str, str]) -> None:
        rows = []
        for name, place in sorted(files.items()):
            if not os.path.isfile(place):
                raise UserErrorException("There is no file '%s' (in %s)." % (place, os.getcwd()))
            digest, size = _modelyard_http.upload(self._server, place)
            rows.append({"path": name, "sha256": digest, "size": size})
        self._server.send("POST", self._path + "/files", {"files": rows})

    # --- models

    def register_model(
        self,
        model_name: str,
        model_path: Optional[str] = None,
        tags: Optional[Dict[str, Any]] = None,
        properties: Optional[Dict[str, Any]] = None,
        model_framework: Optional[str] = None,
        model_framework_version: Optional[str] = None,
        description: Optional[str] = None,
        resource_configuration: Any = None,
        **_: Any,
    ) -> RegisteredModel:
        """Register a file or folder of the run as the model's next version."""
        source = normal(model_path or model_name)
        self._make_sure(source)
        value = {
            "name": model_name,
            "run_id": self.id,
            "path": source,
            "description": description or "",
            "tags": texts(tags),
            "properties": texts(properties),
            "framework": model_framework,
            "framework_version": model_framework_version,
            "record": record(),
        }
        if resource_configuration is not None:
            value["resources"] = resource_configuration.serialize()
        return RegisteredModel(self._server.send("POST", self._path + "/models", value))

    def _make_sure(self, source: str) -> None:
        names = self.get_file_names()
        if source in names or any(name.startswith(source + "/") for name in names):
            return
        if os.path.isdir(source):
            self.upload_folder(source, source)
        elif os.path.isfile(source):
            self.upload_file(source, source)
        else:
            raise UserErrorException(
                "ModelPathNotFound: run '%s' has no file or folder '%s'. It has: %s."
                % (self.id, source, ", ".join(names[:20]) or "none")
            )

    # --- tags, status, children

    def tag(self, key: str, value: Any = None) -> None:
        """Set one tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: Dict[str, Any]) -> None:
        """Set tags; the others stay."""
        self._change(tags=texts(tags))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by key."""
        self._change(remove_tags=[tags] if isinstance(tags, str) else [*tags])

    def get_tags(self) -> Dict[str, str]:
        """The tags as the server knows them now."""
        return dict(self._read()["tags"])

    def add_properties(self, properties: Dict[str, Any]) -> None:
        """Set properties."""
        self._change(properties=texts(properties))

    def get_properties(self) -> Dict[str, str]:
        """The properties as the server knows them now."""
        return dict(self._read()["properties"])

    tags = property(get_tags)
    properties = property(get_properties)

    def get_status(self) -> str:
        """The status as the server knows it now."""
        return str(self._read()["status"])

    status = property(get_status)

    @property
    def name(self) -> Optional[str]:
        """The name that is shown."""
        return self._facts.get("name")

    @property
    def parent(self) -> Optional[Run]:
        """The run above this one."""
        parent = self._facts.get("parent")
        return None if parent is None else Run.get(self.experiment.workspace, parent)

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, **_: Any) -> Run:
        """A new run below this one."""
        workspace = self.experiment.workspace
        value = {"experiment": self.experiment.name, "id": run_id, "name": name, "parent": self.id}
        facts = self._server.send(
            "POST", _modelyard_http.at("workspaces", workspace.name, "runs"), value
        )
        return Run(self.experiment, facts["id"], facts)

    def get_portal_url(self) -> str:
        """The page of the run."""
        name = self.experiment.workspace.name
        return "%s/studio/workspaces/%s/runs/%s" % (self._server.url, name, self.id)

    def start(self) -> None:
        """Mark it as running."""
        self._change(status="Running")

    def complete(self, _set_status: bool = True) -> None:
        """Send what was logged. A job's run has completed when its script has ended."""
        self.flush()
        if _set_status:
            self._change(status="Completed")

    def fail(self, error_details: Any = None, error_code: Any = None, **_: Any) -> None:
        """Send what was logged. A job's run has failed when its script has ended."""
        self.flush()
        error = {"code": str(error_code or "UserError"), "message": str(error_details or "")}
        self._change(status="Failed", error={"error": error})

    def cancel(self) -> None:
        """Cancel the run; a job's script is ended."""
        self.flush()
        self._change(status="Canceled")

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: Any, error: Any, _: Any) -> None:
        if error is None:
            self.complete()
        else:
            self.fail("%s: %s" % (kind.__name__, error), kind.__name__)

    def _change(self, **changes: Any) -> None:
        self._facts = self._server.send("PATCH", self._path, changes)

    def _read(self) -> Dict[str, Any]:
        facts: Dict[str, Any] = self._server.get(self._path)
        self._facts = facts
        return facts

    def __repr__(self) -> str:
        return "Run(experiment=%r, id=%r)" % (self.experiment.name, self.id)


_OfflineRun = OfflineRun


def download_model(name: str, version: Optional[int] = None) -> str:
    """Fetch a model of the job's workspace below ``azureml-models``; its path."""
    server = _modelyard_http.Server.from_environment()
    base = ["workspaces", os.environ.get("AZUREML_ARM_WORKSPACE_NAME", ""), "models", name]
    try:
        facts = server.get(
            _modelyard_http.at(*(base + ([] if version is None else ["versions", version])))
        )
    except UserErrorException as error:
        raise ModelNotFoundException(str(error)) from None
    folder = os.path.join("azureml-models", facts["name"], str(facts["version"]))
    manifest = server.get(_modelyard_http.at("snapshots", facts["manifest"]))
    for entry in manifest["files"]:
        target = os.path.join(folder, *entry["path"].split("/"))
        _modelyard_http.download(server, entry["sha256"], target)
    tops = sorted({entry["path"].split("/")[0] for entry in manifest["files"]})
    return os.path.join(folder, tops[0]) if len(tops) == 1 else folder

"""Where a revision's files lie, and everything that its front is told."""

from dataclasses import dataclass
from pathlib import Path

from modelyard.domain.environments import BuiltEnvironment
from modelyard.domain.fronts import FrontModel, FrontSpec
from modelyard.domain.manifests import Manifest
from modelyard.domain.services import ModelRef, Revision, Service

MODELS = "azureml-models"
"""Azure's name of the folder that holds a service's models."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that all revisions share: files, sockets, logs, and the worker's own code."""

    revisions: Path
    sockets: Path
    logs: Path
    runtime: Path

    def folder(self, revision: str) -> Path:
        """Everything that was laid out for a revision."""
        return self.revisions / revision

    def app_root(self, revision: str) -> Path:
        """Its worker's working folder."""
        return self.folder(revision) / "app"

    def socket(self, revision: str) -> Path:
        """Where its front answers HTTP."""
        return self.sockets / f"{revision}.sock"

    def control_socket(self, revision: str) -> Path:
        """Where its front is told what to do."""
        return self.sockets / f"{revision}.ctl"

    def worker_log(self, revision: str) -> Path:
        """What its workers print; outlives its front."""
        return self.logs / "services" / f"{revision}.log"

    def front_log(self, revision: str) -> Path:
        """What its front itself prints."""
        return self.logs / f"front-{revision}.log"


def app_source(places: Places, revision: Revision) -> Path:
    """Where the source folder is laid out: below the app root, under its own name."""
    root = places.app_root(revision.id)
    name = revision.content.source_name
    return root / name if name else root


def model_folder(places: Places, revision: Revision, model: ModelRef) -> Path:
    """``azureml-models/NAME/VERSION`` below the app root."""
    return places.app_root(revision.id) / MODELS / model.name / str(model.version)


def model_path(folder: Path, manifest: Manifest) -> Path:
    """The registered file or folder itself."""
    return folder / manifest.root if manifest.root else folder


def model_dir(places: Places, revision: Revision) -> Path:
    """AZUREML_MODEL_DIR: the folder of the only model, or the one that holds them all."""
    models = revision.content.models
    if len(models) == 1:
        return model_folder(places, revision, models[0])
    return places.app_root(revision.id) / MODELS


def front_spec(
    places: Places,
    service: Service,
    revision: Revision,
    built: BuiltEnvironment,
    models: dict[ModelRef, Manifest],
) -> FrontSpec:
    """Everything a front needs. Pure."""
    content = revision.content
    serving = content.serving
    entry = f"{content.source_name}/{content.entry_script}".lstrip("/")
    variables = {**content.environment.get("variables", {}), **content.variables}
    return FrontSpec(
        id=revision.id,
        workspace=service.workspace,
        service=service.name,
        service_version=revision.version,
        revision=revision.number,
        python=built.python,
        runtime=str(places.runtime),
        app_root=str(places.app_root(revision.id)),
        entry_script=entry,
        model_dir=str(model_dir(places, revision)),
        socket=str(places.socket(revision.id)),
        control_socket=str(places.control_socket(revision.id)),
        log_file=str(places.worker_log(revision.id)),
        models=tuple(
            FrontModel(
                m.name, m.version, str(model_path(model_folder(places, revision, m), manifest))
            )
            for m, manifest in models.items()
        ),
        variables=variables,
        workers=serving.workers,
        scoring_timeout=serving.scoring_timeout,
        queue_limit=serving.queue_limit,
        queue_wait=serving.queue_wait,
        body_limit=serving.body_limit,
        init_timeout=serving.init_timeout,
        cors_origins=serving.cors_origins,
        predictor=content.predictor,
        batching=serving.batching,
        tracebacks=serving.tracebacks,
        detect_failures=serving.detect_failures,
        nan=serving.nan,
        preload=serving.preload,
        fronts=serving.fronts,
        collect_model_data=serving.collect_model_data,
        max_workers=serving.max_workers,
        target_utilization=serving.target_utilization,
        refresh=serving.refresh,
        idle_timeout=serving.idle_timeout,
        cold_start_timeout=serving.cold_start_timeout,
        concurrency=serving.concurrency,
        cpu=content.limits.cpu,
        memory=content.limits.memory,
    )

"""With what command, variables and first message a worker starts."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from modelyard.domain.collecting import collection_of
from modelyard.domain.errors import BadInput
from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Batching
from modelyard.serving.log_lines import TOKEN
from modelyard.serving.nursery import TEMPLATE, Nursery
from modelyard.serving.processes import WorkerProcess
from modelyard.serving.scaling import Bounds
from modelyard.serving.workers import Launch
from modelyard.telemetry import ingest, rings
from modelyard_worker.frames import PROTOCOL

_PASSED_ON = {"PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "USER", "LOGNAME"}
_PASSED_ON_PREFIXES = ("LC_", "CUDA", "NVIDIA", "OMP")
"""What of the front's own environment a worker sees: nothing that could hold a secret of ours."""


def launch(
    spec: FrontSpec, base: Mapping[str, str], threads: Mapping[str, str], number: int
) -> Launch:
    """A worker that imports the script and runs init() itself."""
    return Launch(
        start=lambda fd, page, output: start(
            spec, variables(spec, base, threads), output, fd, page
        ),
        greeting=greeting(spec, number),
    )


def nursery(
    spec: FrontSpec, base: Mapping[str, str], threads: Mapping[str, str]
) -> Nursery | None:
    """Where workers are forked that share the model's memory; None when that was not asked for."""
    if not spec.preload:
        return None
    return Nursery(
        lambda fd, page, output, preload: start(
            spec, variables(spec, base, threads), output, fd, page, preload
        ),
        greeting(spec, TEMPLATE),
    )


def start(
    spec: FrontSpec,
    environment: Mapping[str, str],
    output: int,
    fd: int,
    page_fd: int,
    preload_fd: int | None = None,
) -> WorkerProcess:
    """The process of a worker, or of a template. Raises OSError when it cannot be started."""
    command = [spec.python, "-m", "modelyard_worker", "--fd", str(fd), "--page-fd", str(page_fd)]
    template = [] if preload_fd is None else ["--preload-fd", str(preload_fd)]
    return WorkerProcess(
        [*command, *template],
        folder=Path(spec.app_root),
        variables=environment,
        output=output,
        passed=(fd, page_fd, *([] if preload_fd is None else [preload_fd])),
    )


def variables(
    spec: FrontSpec, base: Mapping[str, str], threads: Mapping[str, str]
) -> dict[str, str]:
    """
    The worker's environment: a few of ours, thread limits, the service's own, then the facts.

    The service's own win over thread limits; what tells the script where it is wins over all.
    """
    passed = {
        name: value
        for name, value in base.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    facts = {
        "AZUREML_MODEL_DIR": spec.model_dir,
        "AZUREML_ENTRY_SCRIPT": spec.entry_script,
        "AZUREML_APP_ROOT": spec.app_root,
        "AML_APP_ROOT": spec.app_root,
        "AZUREML_SOURCE_DIRECTORY": spec.app_root,
        "AZUREML_ARM_WORKSPACE_NAME": spec.workspace,
        "WORKSPACE": spec.workspace,
        "SERVICE_NAME": spec.service,
        "SERVICE_VERSION": spec.service_version,
        "WORKER_COUNT": str(spec.workers),
        "SCORING_TIMEOUT_MS": str(round(spec.scoring_timeout * 1000)),
        "PYTHONPATH": spec.runtime,
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if spec.ingest:
        facts[ingest.INGEST] = spec.ingest
    defaults = ingest.variables(spec.ingest)
    merged = {**passed, **threads, **defaults, **spec.variables, **facts}
    merged.pop("PYTHONHOME", None)
    return merged


def batching(spec: FrontSpec) -> Batching | None:
    """
    How requests are to be run together where the self-test allows it; None for not at all.

    A script must ask for it, a model without one is batched unless told that 1 is the most.
    """
    asked = spec.batching or (None if spec.predictor is None else Batching())
    return asked if asked is not None and asked.max_size > 1 else None


def bounds(spec: FrontSpec) -> Bounds:
    """How many workers there may be; one number where it is not to scale by itself."""
    most = max(spec.workers, spec.max_workers or 0)
    return Bounds(spec.workers, most, spec.target_utilization, spec.refresh)


def collect(spec: FrontSpec) -> dict[str, Any] | None:
    """Where a worker writes what it collects, and how; None for not at all."""
    if not spec.rings or not spec.collect_model_data:
        return None
    asked = collection_of(spec.variables)
    return {
        "folder": str(rings.data_folder(Path(spec.rings))),
        "front": spec.id,
        "rate": asked.rate,
        "about": {
            "workspace": spec.workspace,
            "service": spec.service,
            "version": spec.service_version,
            "revision": spec.revision,
            "columns": dict(asked.columns),
        },
    }


def greeting(spec: FrontSpec, number: int) -> dict[str, Any]:
    """The front's HELLO."""
    return {
        "protocol": PROTOCOL,
        "entry_script": spec.entry_script,
        "predictor": None if spec.predictor is None else asdict(spec.predictor),
        "batching": None if (asked := batching(spec)) is None else asdict(asked),
        "tracebacks": spec.tracebacks,
        "detect_failures": spec.detect_failures,
        "nan": spec.nan,
        "mark": TOKEN if spec.rings else "",
        "collect": collect(spec),
        "models": [
            {"name": model.name, "version": model.version, "path": model.path}
            for model in spec.models
        ],
        "workspace": spec.workspace,
        "service": spec.service,
        "version": spec.service_version,
        "revision": spec.revision,
        "worker": number,
    }


def columns(spec: FrontSpec) -> Mapping[str, str]:
    """The policies by which columns are collected; where they cannot be read none is kept."""
    try:
        return collection_of(spec.variables).columns
    except BadInput:
        return {"*": "drop"}

"""Puts together what runs jobs."""

import sys

from modelyard.bootstrap.control_parts import Adapters
from modelyard.bootstrap.job_leftovers import end_processes
from modelyard.domain.runs import Run
from modelyard.ports import Supervision
from modelyard.telemetry import ingest
from modelyard.usecases.job_actions import JobActor, Launching
from modelyard.usecases.job_folders import JobFolders
from modelyard.usecases.job_reconcile import JobReconciler, slots_of
from modelyard.usecases.job_tokens import JobTokens

RUNNER = (sys.executable, "-P", "-m", "modelyard.bootstrap.job")

_CLOUD = {
    "AZUREML_ARM_SUBSCRIPTION": "subscription_id",
    "AZUREML_ARM_RESOURCEGROUP": "resource_group",
}


def job_tokens(adapters: Adapters) -> JobTokens:
    """What makes and recognises the tokens of jobs."""
    return JobTokens(adapters.secret, adapters.stores.runs, adapters.clock)


def make_job_reconciler(adapters: Adapters, supervision: Supervision) -> JobReconciler:
    """What a leader does for jobs, over the supervision of its epoch."""
    stores = adapters.stores
    actor = JobActor(
        runs=stores.runs,
        environments=stores.environments,
        builder=adapters.builder,
        supervision=supervision,
        folders=JobFolders(
            adapters.settings.home / "jobs", adapters.blobs, stores.snapshots, end_processes
        ),
        launching=Launching(
            command=RUNNER,
            runtime=str(adapters.runtime),
            url=adapters.settings.base_url,
            token=job_tokens(adapters).issue,
            facts=lambda run: facts(adapters, run),
            rings=str(adapters.settings.rings),
        ),
        clock=adapters.clock,
        wake=adapters.wake.set,
    )
    return JobReconciler(
        runs=stores.runs,
        environments=stores.environments,
        supervision=supervision,
        actor=actor,
        clock=adapters.clock,
        slots=slots_of(adapters.capacity().cores),
    )


def facts(adapters: Adapters, run: Run) -> dict[str, str]:
    """What Azure tells a script of its surroundings, as far as someone has said it."""
    workspace = adapters.stores.workspaces.get(run.workspace)
    experiment = adapters.stores.experiments.get(run.workspace, run.experiment)
    said = {name: workspace.cloud.get(key) or "" for name, key in _CLOUD.items()}
    settings = adapters.settings
    origin = ingest.Origin(workspace=run.workspace, role="job", instance=run.id)
    address = ingest.address(settings.base_url, origin, settings.ingest_key)
    return {**said, "AZUREML_EXPERIMENT_ID": experiment.id, ingest.INGEST: address}

"""Azure: ``azureml.core.run``."""

from modelyard.sdk.experiments import Experiment
from modelyard.sdk.offline_runs import OfflineRun
from modelyard.sdk.runs import Run as Run

_OfflineRun = OfflineRun
"""Scripts ask ``isinstance(run, _OfflineRun)`` to know whether a run is around them."""


def get_run(
    experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True
) -> Run:
    """The run of that id."""
    del rehydrate, clean_up
    return Run.get(experiment.workspace, run_id)

"""Azure: ``azureml.widgets``."""

from modelyard.sdk.offline_runs import OfflineRun
from modelyard.sdk.runs import Run


class RunDetails:
    """Shows a run as text, with the address of its page."""

    def __init__(self, run_instance: Run | OfflineRun) -> None:
        self._run = run_instance

    def show(self, render_lib: object = None, widget_settings: object = None) -> None:
        """Print status, metrics and the page's address."""
        del render_lib, widget_settings
        print(f"Run {self._run.id}: {self._run.get_status()}")
        for name, value in self._run.get_metrics().items():
            print(f"  {name}: {value}")
        if isinstance(self._run, Run):
            print(f"  {self._run.get_portal_url()}")

    def get_widget_data(self) -> dict[str, object]:
        """Details and metrics."""
        return {**self._run.get_details(), "run_metrics": self._run.get_metrics()}

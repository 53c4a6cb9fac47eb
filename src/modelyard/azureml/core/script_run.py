"""Azure: ``azureml.core.script_run``."""

from modelyard.sdk.runs import Run

ScriptRun = Run

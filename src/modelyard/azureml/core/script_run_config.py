"""Azure: ``azureml.core.script_run_config``."""

from modelyard.sdk.script_runs import ScriptRunConfig as ScriptRunConfig

"""Azure: ``azureml.core.experiment``."""

from modelyard.sdk.experiments import Experiment as Experiment

"""``azureml.ai.monitoring``: Collector."""

from azureml.ai.monitoring.collector import Collector

__all__ = ["Collector"]

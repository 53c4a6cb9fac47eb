"""``azureml.monitoring``: ModelDataCollector."""

from azureml.monitoring.modeldatacollector import ModelDataCollector

__all__ = ["ModelDataCollector"]

"""``azureml.ai``: open to real packages beside it."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

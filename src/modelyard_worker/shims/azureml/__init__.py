"""What scripts and jobs of the Azure ML SDK v1 use while they run; nothing else of it is here."""

from pkgutil import extend_path

# first on the path, but open to real packages beside it, such as azureml-ai-monitoring
__path__ = extend_path(__path__, __name__)

from azureml import _missing

_missing.install()

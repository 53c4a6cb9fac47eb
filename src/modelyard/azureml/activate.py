"""``import modelyard.azureml.activate``: from now on ``import azureml…`` gives Modelyard's."""

from modelyard.azureml.finders import install

install()

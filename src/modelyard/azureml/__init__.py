"""
Azure's module paths: the classes of ``modelyard.sdk`` where old scripts look for them.

``import modelyard.azureml.activate`` makes ``import azureml…`` find them, and
``python -m modelyard.azureml script.py`` runs a script that way, unchanged.
"""

"""Azure: ``azureml._common``."""

"""A sentence for every name of Azure's SDK that is not here, saying what to use."""

_INSTEAD = (
    ("azureml.pipeline", "Pipelines are not there yet; run the steps one after the other with "
     "experiment.submit(ScriptRunConfig(...))"),
    ("azureml.datadrift", "Drift monitors are not there yet; compare the data with a script"),
    ("azureml.monitoring", "Data collection is not there yet; log inputs with print or logging"),
    ("azureml.train", "Train with scikit-learn or any library in a script, submit it with "
     "ScriptRunConfig, search parameters with run.child_run()"),
    ("azureml.contrib.services", "It is there in the scoring script, not in this process"),
    ("azureml.core.Dataset", "Datasets are not there yet; read files with pandas"),
    ("azureml.data", "Datasets are not there yet; read files with pandas"),
    ("azureml.opendatasets", "Download the data and read it with pandas"),
    ("azureml.interpret", "Use the interpret or shap packages directly"),
    ("azureml.mlflow", "The MLflow API is not there yet; log with Run.log"),
    ("azureml.tensorboard", "Run tensorboard on the folder with the logs"),
)  # fmt: skip
_OTHERWISE = "Modelyard's names are in `import modelyard; dir(modelyard)`"


def sentence(name: str) -> str:
    """Why ``name`` cannot be had, and what to use."""
    name = name.removeprefix("modelyard.")
    for prefix, instead in _INSTEAD:
        if name == prefix or name.startswith(prefix + "."):
            return f"{name!r} is not part of Modelyard. {instead}."
    return f"{name!r} is not part of Modelyard. {_OTHERWISE}."

"""The frameworks that models are registered with."""

from modelyard.sdk.errors import WebserviceException


class Framework:
    """Azure's names of frameworks, and those that Modelyard serves beside them."""

    CUSTOM = "Custom"
    TENSORFLOW = "TensorFlow"
    SCIKITLEARN = "ScikitLearn"
    ONNX = "Onnx"
    TFKERAS = "TfKeras"
    PYTORCH = "PyTorch"
    MULTI = "Multi"
    LIGHTGBM = "LightGBM"
    XGBOOST = "XGBoost"
    CATBOOST = "CatBoost"
    HUGGINGFACE = "HuggingFace"
    MLFLOW = "MLflow"
    SKOPS = "Skops"


def check_framework(framework: str | None, version: str | None) -> None:
    """Raises ``WebserviceException`` for a version without its framework."""
    if version is not None and framework is None:
        raise WebserviceException(
            "model_framework_version needs model_framework, e.g. Model.Framework.SCIKITLEARN."
        )

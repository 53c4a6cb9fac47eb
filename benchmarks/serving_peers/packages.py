"""What each server needs to be installed, beside the model's own libraries."""

from collections.abc import Mapping

LIBRARIES = ("scikit-learn==1.7.2", "numpy==2.2.6", "onnxruntime==1.31.1")
"""The models' own libraries: the same versions for every server."""

MAKING = ("skl2onnx==1.20.0",)
"""What makes the ONNX network; no server needs it."""

SERVERS: Mapping[str, tuple[str, ...]] = {
    "modelyard": (),
    "azureml": ("azureml-inference-server-http",),
    # 1.7 calls an asyncio function that uvloop 0.22 has no longer
    "mlserver": ("mlserver", "mlserver-sklearn", "uvloop<0.22"),
    "litserve": ("litserve",),
    "kserve": ("kserve",),
    "bentoml": ("bentoml",),
    # its own server of onnx models needs onnx itself
    "mlflow": ("mlflow", "onnx"),
    "ray": ("ray[serve]",),
    "fastapi": ("fastapi", "uvicorn[standard]"),
    "granian": ("granian", "uvloop"),
}

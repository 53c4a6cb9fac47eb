"""What is installed in the model's environment, and how packages are called outside of it."""

from __future__ import annotations

import os
import re
import sys
from typing import Dict

PACKAGE_OF_MODULE = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "distutils": "setuptools",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "imblearn": "imbalanced-learn",
    "inference_schema": "inference-schema",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "pytorch_lightning": "pytorch-lightning",
    "sentence_transformers": "sentence-transformers",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "tensorflow_hub": "tensorflow-hub",
    "tensorflow_text": "tensorflow-text",
    "tlz": "toolz",
    "yaml": "pyyaml",
}
"""Packages whose name is not that of their module."""

MAIN_PACKAGES = frozenset(
    {
        "autogluon",
        "catboost",
        "fastai",
        "flaml",
        "gensim",
        "h5py",
        "huggingface-hub",
        "imbalanced-learn",
        "inference-schema",
        "interpret",
        "jax",
        "joblib",
        "keras",
        "lightgbm",
        "mlflow",
        "mlflow-skinny",
        "nltk",
        "numpy",
        "onnx",
        "onnxruntime",
        "onnxruntime-gpu",
        "opencv-python",
        "opencv-python-headless",
        "pandas",
        "pillow",
        "polars",
        "prophet",
        "pyarrow",
        "pyspark",
        "pytorch-lightning",
        "safetensors",
        "scikit-image",
        "scikit-learn",
        "scipy",
        "sentence-transformers",
        "shap",
        "skl2onnx",
        "spacy",
        "statsmodels",
        "tensorflow",
        "tensorflow-cpu",
        "tf-keras",
        "tokenizers",
        "torch",
        "torchaudio",
        "torchvision",
        "transformers",
        "xgboost",
    }
)
"""What is worth comparing with the packages that a model was trained with."""

_DISTRIBUTION = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)\.(dist-info|egg-info)$")


def package_of(module: str) -> str:
    """The package to install for ``import module``."""
    top = module.split(".", 1)[0]
    return PACKAGE_OF_MODULE.get(top, top)


def installed() -> Dict[str, str]:
    """
    Names and versions of everything installed.

    Read from folder names: the same on every Python from 3.7 on, and in a millisecond.
    """
    found: Dict[str, str] = {}
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            match = _DISTRIBUTION.match(entry)
            if match:
                name = re.sub(r"[-_.]+", "-", match["name"]).lower()
                found.setdefault(name, match["version"])
    return found


def main_packages() -> Dict[str, str]:
    """The installed packages that a model's behaviour depends on."""
    return {name: version for name, version in installed().items() if name in MAIN_PACKAGES}

"""
The frameworks whose models are served without a script: their names, and telling them by files.

One row a framework; ``domain.framework_packages`` says what each is installed with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_PICKLES = frozenset({".pkl", ".pickle", ".joblib"})
_BESIDE_CONFIG = frozenset(
    {"model.safetensors", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack",
     "model.safetensors.index.json", "pytorch_model.bin.index.json", "generation_config.json",
     "tokenizer_config.json", "tokenizer.json", "preprocessor_config.json", "vocab.txt"}
)  # fmt: skip
"""What Hugging Face writes beside a ``config.json``."""


@dataclass(frozen=True, slots=True)
class Framework:
    """
    One framework, by Azure's name for it.

    ``package`` is what ``model_framework_version`` is a version of, '' where it says nothing of
    packages. ``suffixes`` and ``names`` are files that only this framework writes; ``recorded``
    are suffixes that tell it when its package was in use at the registration.
    """

    name: str
    package: str
    aliases: tuple[str, ...] = ()
    suffixes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    recorded: frozenset[str] = frozenset()
    frames: bool = False
    """Whether its models may want a data frame, and so pandas."""


MLFLOW = Framework("MLflow", "mlflow", names=frozenset({"mlmodel"}))
HUGGINGFACE = Framework("HuggingFace", "transformers", ("transformers", "hf"))
ONNX = Framework("Onnx", "", suffixes=frozenset({".onnx"}))
TENSORFLOW = Framework(
    "TensorFlow", "tensorflow", ("tf",), names=frozenset({"saved_model.pb", "saved_model.pbtxt"})
)
TFKERAS = Framework(
    "TfKeras", "tensorflow", ("keras",), suffixes=frozenset({".keras", ".h5", ".hdf5"})
)
PYTORCH = Framework(
    "PyTorch", "torch", ("torch",), suffixes=frozenset({".pt", ".pt2", ".pth", ".torchscript"})
)
CATBOOST = Framework("CatBoost", "catboost", suffixes=frozenset({".cbm"}), frames=True)
SKOPS = Framework("Skops", "skops", suffixes=frozenset({".skops"}), frames=True)
LIGHTGBM = Framework(
    "LightGBM", "lightgbm", suffixes=frozenset({".lgb", ".lgbm"}),
    recorded=frozenset({".txt"}), frames=True,
)  # fmt: skip
XGBOOST = Framework(
    "XGBoost", "xgboost", suffixes=frozenset({".ubj", ".xgb"}),
    recorded=frozenset({".json", ".model"}), frames=True,
)  # fmt: skip
SCIKITLEARN = Framework(
    "ScikitLearn", "scikit-learn", ("sklearn",), recorded=_PICKLES, frames=True
)

FRAMEWORKS: tuple[Framework, ...] = (
    MLFLOW, HUGGINGFACE, TENSORFLOW, TFKERAS, ONNX, PYTORCH, CATBOOST, SKOPS, LIGHTGBM, XGBOOST,
    SCIKITLEARN,
)  # fmt: skip
"""In the order in which files are tried: a folder of MLflow's holds other frameworks' files."""

NAMES = tuple(sorted((framework.name for framework in FRAMEWORKS), key=str.lower))


def named(text: str | None) -> Framework | None:
    """The framework of that name however it is spelt ('scikit-learn', 'sklearn'); else None."""
    wanted = _plain(text or "")
    for framework in FRAMEWORKS:
        if wanted in {_plain(name) for name in (framework.name, *framework.aliases)}:
            return framework
    return None


def recognised(
    paths: Iterable[str], packages: Mapping[str, str] | None = None
) -> Framework | None:
    """
    The framework that wrote these files, by their names alone, or None.

    ``packages`` are those that were in use when the model was registered: a pickle may be
    anything, but with scikit-learn in use it is taken for scikit-learn's.
    """
    files = [PurePosixPath(path) for path in paths]
    names = {file.name.lower() for file in files}
    suffixes = {file.suffix.lower() for file in files}
    for framework in FRAMEWORKS:
        if framework is HUGGINGFACE:
            if _is_transformers(files):
                return framework
        elif framework.names & names or framework.suffixes & suffixes:
            return framework
    in_use = {_plain(name) for name in packages or ()}
    # a text beside other files may be anything; a pickle is the model
    telling = suffixes if len(files) == 1 else suffixes & _PICKLES
    for framework in FRAMEWORKS:
        if framework.recorded & telling and _plain(framework.package) in in_use:
            return framework
    return None


def is_pickled(paths: Sequence[str]) -> bool:
    """Whether a file is a pickle, which needs every package that it was written with."""
    return any(PurePosixPath(path).suffix.lower() in _PICKLES for path in paths)


def _is_transformers(files: Sequence[PurePosixPath]) -> bool:
    """A ``config.json`` beside weights or a tokenizer; alone it may be anybody's."""
    for file in files:
        if file.name == "config.json":
            beside = {other.name for other in files if other.parent == file.parent}
            if beside & _BESIDE_CONFIG:
                return True
    return False


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())

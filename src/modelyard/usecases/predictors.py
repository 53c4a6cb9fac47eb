"""Models that are served without a script: by which framework, in which environment."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from modelyard.domain.errors import BadInput
from modelyard.domain.framework_packages import installation
from modelyard.domain.frameworks import MLFLOW, NAMES, Framework, named, recognised
from modelyard.domain.manifests import FileEntry, Manifest
from modelyard.domain.models import Model
from modelyard.domain.predictors import Predictor
from modelyard.domain.samples import fitting, is_frame
from modelyard.domain.services import ModelRef
from modelyard.ports import BlobStore
from modelyard.wire.environments import EnvironmentDefinition

_SAMPLE_BYTES = 256 * 1024
"""What a revision carries of a sample: enough to type the inputs and to test batches."""

_LARGEST_FILE = 1024 * 1024
_UNTOLD = {"", "Custom", "Multi"}
"""Azure's frameworks that say nothing."""


@dataclass(frozen=True, slots=True)
class Served:
    """
    What serves a model, the environment that was chosen for it, and what to tell the user.

    ``as_recorded``: the Python and packages in use at its registration are those it needs.
    """

    predictor: Predictor
    environment: EnvironmentDefinition
    notes: tuple[str, ...]
    as_recorded: bool


class Predictors:
    """Looks at a model's facts and files, and decides."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def choose(self, ref: ModelRef, manifest: Manifest, model: Model | None) -> Served:
        """
        What serves the model; ``model`` is None for one that is not registered.

        Raises BadInput when its framework or version cannot be told.
        """
        record = dict(model.record) if model else {}
        paths = [file.path for file in manifest.files]
        framework, told = framework_of(ref, paths, model, record)
        version = model.framework_version if model else None
        sample = model.sample_input if model else ()
        made = installation(framework, version, record, paths, frame=is_frame(sample))
        environment = EnvironmentDefinition(
            name=f"no-code-{framework.name.lower()}",
            python_version=made.python,
            pip_packages=list(made.packages),
        )
        if framework is MLFLOW:
            environment = self._own_environment(manifest) or environment
        shown = f"{framework.name} {made.version}" if made.version else framework.name
        return Served(
            Predictor(framework.name, made.version, fitting(sample, size=_SAMPLE_BYTES)),
            environment,
            (f"No script: the model is served as {shown}{told}.", *made.notes),
            made.as_recorded,
        )

    def _own_environment(self, manifest: Manifest) -> EnvironmentDefinition | None:
        """The environment that MLflow wrote beside the model."""
        files = _beside_mlmodel(manifest)
        name = f"no-code-{MLFLOW.name.lower()}"
        if "conda.yaml" in files:
            return EnvironmentDefinition(name=name, conda_file=self._text(files["conda.yaml"]))
        if "python_env.yaml" not in files and "requirements.txt" not in files:
            return None
        python_env = self._text(files["python_env.yaml"]) if "python_env.yaml" in files else ""
        text = self._text(files["requirements.txt"]) if "requirements.txt" in files else ""
        packages = requirement_lines(text) or dependency_lines(python_env)
        return EnvironmentDefinition(
            name=name,
            python_version=python_of(python_env),
            pip_packages=[line for line in packages if not line.startswith("-")],
            pip_options=[line for line in packages if line.startswith("-")],
        )

    def _text(self, file: FileEntry) -> str:
        if file.size > _LARGEST_FILE:
            raise BadInput(f"The model's {file.path!r} has {file.size} bytes: it is too large.")
        with self._blobs.open(file.sha256) as stream:
            data = stream.read()
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"The model's {file.path!r} is no text in UTF-8.") from error


def framework_of(
    ref: ModelRef, paths: Sequence[str], model: Model | None, record: Mapping[str, Any]
) -> tuple[Framework, str]:
    """The framework, and in words how it was told if not said. Raises BadInput. Pure."""
    said = (model.framework if model else None) or ""
    if said not in _UNTOLD:
        framework = named(said)
        if framework is None:
            raise BadInput(
                f"Model {_id(ref)} was registered with the framework {said!r}, which is not "
                f"served without a script. {_way_out()}",
                details={"field": "models", "frameworks": list(NAMES)},
            )
        return framework, ""
    framework = recognised(paths, record.get("packages"))
    if framework is None:
        shown = ", ".join(PurePosixPath(path).name for path in paths[:3])
        raise BadInput(
            f"The framework of model {_id(ref)} cannot be told from its files ({shown}). "
            + _way_out(),
            details={"field": "models", "frameworks": list(NAMES)},
        )
    return framework, ", as its files tell"


def requirement_lines(text: str) -> list[str]:
    """The lines of a requirements file that say something."""
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def dependency_lines(python_env: str) -> list[str]:
    """The packages that MLflow's ``python_env.yaml`` lists itself."""
    section = re.search(r"^dependencies:\s*\n((?:\s*-.*\n?)*)", python_env, re.MULTILINE)
    items = re.findall(r"^\s*-\s*(\S.*?)\s*$", section[1], re.MULTILINE) if section else []
    return [item.strip("\"'") for item in items if not item.startswith("-r")]


def python_of(python_env: str) -> str | None:
    """The Python that MLflow's ``python_env.yaml`` names."""
    found = re.search(r"""^python:\s*["']?(\d+(?:\.\d+)+)""", python_env, re.MULTILINE)
    return found[1] if found else None


def _beside_mlmodel(manifest: Manifest) -> dict[str, FileEntry]:
    """The files of the folder that holds ``MLmodel``, by name."""
    for file in manifest.files:
        pure = PurePosixPath(file.path)
        if pure.name == "MLmodel":
            return {
                other.name: entry
                for entry in manifest.files
                if (other := PurePosixPath(entry.path)).parent == pure.parent
            }
    return {}


def _id(ref: ModelRef) -> str:
    return f"'{ref.name}:{ref.version}'" if ref.version else repr(ref.name)


def _way_out() -> str:
    return (
        f"Register it with model_framework= (modelyard model register --framework), one of "
        f"{', '.join(NAMES)}; or write a scoring script and pass "
        'InferenceConfig("score.py", environment=...).'
    )

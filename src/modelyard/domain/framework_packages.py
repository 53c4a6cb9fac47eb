"""What a framework is installed with, by its version and by what was in use when it trained."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.errors import BadInput
from modelyard.domain.frameworks import (
    CATBOOST,
    HUGGINGFACE,
    LIGHTGBM,
    MLFLOW,
    ONNX,
    PYTORCH,
    SCIKITLEARN,
    SKOPS,
    TENSORFLOW,
    TFKERAS,
    XGBOOST,
    Framework,
    is_pickled,
)

_VERSION = re.compile(r"(\d+(?:\.\d+)*)((?:a|b|rc|\.post|\.dev)\d+)?(\+[\w.]+)?")

_NEEDS: Mapping[str, tuple[str, ...]] = {
    SCIKITLEARN.name: ("joblib", "numpy", "scipy"),
    ONNX.name: ("onnxruntime", "numpy"),
    TENSORFLOW.name: ("numpy",),
    TFKERAS.name: ("numpy",),
    LIGHTGBM.name: ("numpy",),
    XGBOOST.name: ("scikit-learn", "numpy"),
    CATBOOST.name: ("numpy",),
    PYTORCH.name: ("numpy",),
    HUGGINGFACE.name: ("torch", "numpy"),
    MLFLOW.name: (),
    SKOPS.name: ("scikit-learn", "numpy"),
}
"""Beside the framework's own package."""

_IN_PICKLES = (
    "catboost", "category-encoders", "cloudpickle", "dill", "feature-engine", "imbalanced-learn",
    "lightgbm", "scikit-learn", "scipy", "sklearn-pandas", "statsmodels", "xgboost",
)  # fmt: skip
"""Packages whose objects people put into pickles: installed when they were in use."""


@dataclass(frozen=True, slots=True)
class Era:
    """Versions below one: the Pythons they have wheels for, and bounds they failed to write."""

    below: tuple[int, ...]
    python: str
    bounds: tuple[str, ...] = ()


_OLD_PROTOBUF = ("protobuf<3.21", "numpy<1.24")
_TF_ERAS = (
    Era((2, 2), ">=3.5,<3.8", _OLD_PROTOBUF),
    Era((2, 5), ">=3.6,<3.9", _OLD_PROTOBUF),
    Era((2, 8), ">=3.6,<3.10", _OLD_PROTOBUF),
    Era((2, 12), ">=3.7,<3.11", _OLD_PROTOBUF),
    Era((2, 14), ">=3.8,<3.12"),
    Era((2, 16), ">=3.9,<3.12"),
    Era((2, 18), ">=3.9,<3.13", ("numpy<2",)),
    Era((2, 20), ">=3.9,<3.13"),
)
_ERAS: Mapping[str, tuple[Era, ...]] = {
    "scikit-learn": (
        Era((0, 22), ">=3.5,<3.8", ("numpy<1.20", "scipy<1.6")),
        Era((0, 24), ">=3.5,<3.9", ("numpy<1.24", "scipy<1.9")),
        Era((1, 0), ">=3.6,<3.10", ("numpy<1.24", "scipy<1.9")),
        Era((1, 1), ">=3.7,<3.11", ("numpy<2", "scipy<1.12")),
        Era((1, 1, 3), ">=3.8,<3.11", ("numpy<2", "scipy<1.12")),
        Era((1, 3), ">=3.8,<3.12", ("numpy<2", "scipy<1.12")),
        Era((1, 4, 2), ">=3.8,<3.13", ("numpy<2",)),
        Era((1, 5), ">=3.9,<3.13"),
        Era((1, 7), ">=3.9,<3.14"),
        Era((1, 8), ">=3.10,<3.15"),
    ),
    "tensorflow": _TF_ERAS,
    "torch": (
        Era((1, 8), ">=3.6,<3.9", ("numpy<2",)),
        Era((1, 11), ">=3.6,<3.10", ("numpy<2",)),
        Era((2, 0), ">=3.7,<3.11", ("numpy<2",)),
        Era((2, 3), ">=3.8,<3.12", ("numpy<2",)),
        Era((2, 5), ">=3.8,<3.13"),
        Era((2, 9), ">=3.9,<3.14"),
    ),
    "lightgbm": (Era((4, 0), ">=3.6,<3.13", ("numpy<2", "scipy<1.12")),),
    "xgboost": (
        Era((1, 6), ">=3.6,<3.11", ("numpy<1.24", "scipy<1.9")),
        Era((2, 0), ">=3.7,<3.13", ("numpy<2",)),
    ),
    "catboost": (
        Era((1, 1), ">=3.6,<3.11", ("numpy<1.24",)),
        Era((1, 2), ">=3.7,<3.12", ("numpy<1.24",)),
        Era((1, 2, 7), ">=3.8,<3.13", ("numpy<2",)),
    ),
}


@dataclass(frozen=True, slots=True)
class Installation:
    """
    ``python`` is a range or None; ``packages`` are PEP 508 lines; ``notes`` sentences.

    ``as_recorded`` False: the model was registered by another process than trained it, whose
    Python and packages say nothing.
    """

    python: str | None
    packages: tuple[str, ...]
    version: str | None = None
    notes: tuple[str, ...] = field(default=())
    as_recorded: bool = True


def installation(
    framework: Framework,
    version: str | None,
    record: Mapping[str, Any],
    files: Sequence[str],
    *,
    frame: bool = False,
) -> Installation:
    """
    What to install for a model: the version given, else the recorded one, else the newest.

    ``record`` is the model's, ``frame`` says that its sample is a data frame. What is left
    unpinned here and is in the record is pinned when the environment is resolved. Raises BadInput
    for a version that is none.
    """
    recorded = {canonical(name): str(v) for name, v in (record.get("packages") or {}).items()}
    own = version if framework.package else None
    chosen = _public(own or recorded.get(framework.package) or "", framework)
    as_recorded = own is None or _is_of(recorded.get(framework.package, ""), chosen)
    notes = tuple(_notes(framework, version, recorded, as_recorded=as_recorded))
    recorded = recorded if as_recorded else {}
    era = _era(framework.package, chosen)
    wanted = dict.fromkeys((*_NEEDS[framework.name], *_beside(framework, recorded, files, frame)))
    bounds = {_name_of(line): line for line in era.bounds} if era else {}
    lines = {name: bounds.get(name, name) for name in (*wanted, *bounds)}
    if framework.package:
        lines[framework.package] = framework.package + _specifier(chosen if own else "")
    return Installation(
        python=era.python if era else None,
        packages=tuple(sorted(lines.values())),
        version=chosen or None,
        notes=notes,
        as_recorded=as_recorded,
    )


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _notes(
    framework: Framework, version: str | None, recorded: Mapping[str, str], *, as_recorded: bool
) -> Iterator[str]:
    if version is not None and not framework.package:
        yield (
            f"{framework.name} {version} is a version of the format; the newest runtime reads it."
        )
    if not as_recorded and framework.package in recorded:
        yield (
            f"{framework.package} {recorded[framework.package]} was in use when the model was "
            f"registered, but it is said to be of {version}: that counts, and the other versions "
            "in use then are passed over."
        )


def _is_of(recorded: str, given: str) -> bool:
    """Whether a recorded version is the given one, or of the given series."""
    public = recorded.partition("+")[0]
    return public == given or public.startswith(f"{given}.")


def _beside(
    framework: Framework, recorded: Mapping[str, str], files: Sequence[str], frame: bool
) -> list[str]:
    """Packages that are needed only sometimes."""
    found = []
    if framework.frames and (frame or not recorded or "pandas" in recorded):
        found.append("pandas")
    if framework.frames and is_pickled(files):
        found += [name for name in _IN_PICKLES if name in recorded and name != framework.package]
        if framework is not SCIKITLEARN:
            found.append("scikit-learn")  # the classes that people pickle derive from its own
    return found


def _public(version: str, framework: Framework) -> str:
    """Without the local part ('2.1.0+cpu' is on no index)."""
    if not version:
        return ""
    match = _VERSION.fullmatch(version.strip().removeprefix("v"))
    if match is None:
        raise BadInput(
            f"The framework version {version!r} of {framework.name} is no version: write it like "
            "1.7.2, or leave it out.",
            details={"field": "framework_version"},
        )
    return match[1] + (match[2] or "")


def _specifier(version: str) -> str:
    """'1.7' says which series, '1.7.2' which release."""
    if not version:
        return ""
    return f"=={version}.*" if version.count(".") < 2 and _is_plain(version) else f"=={version}"


def _is_plain(version: str) -> bool:
    return version.replace(".", "").isdecimal()


def _era(package: str, version: str) -> Era | None:
    match = _VERSION.fullmatch(version)
    if match is None:
        return None
    release = tuple(int(part) for part in match[1].split("."))
    return next((era for era in _ERAS.get(package, ()) if release < era.below), None)


def _name_of(line: str) -> str:
    return re.split(r"[<>=]", line, maxsplit=1)[0]

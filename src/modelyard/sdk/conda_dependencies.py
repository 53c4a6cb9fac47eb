"""CondaDependencies: the packages of an environment, as a conda specification."""

import copy
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from modelyard.domain.errors import BadEnvironment
from modelyard.sdk import yaml_text
from modelyard.sdk.errors import UserErrorException, raised_as

PYTHON_DEFAULT_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The caller's."""

DEFAULT_SDK = "azureml-defaults"
_CHANNELS = ("anaconda", "conda-forge")
_PYTHON = re.compile(r"python\s*(?:[=<>!~].*)?$")
_HEADER = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs and services.
"""


class CondaDependencies:
    """
    Conda and pip packages, channels and the Python version.

    Without arguments it asks for the caller's Python and ``azureml-defaults``, as Azure's does.
    """

    DEFAULT_NUMBER_OF_CONDA_PACKAGES = 0
    DEFAULT_NUMBER_OF_PIP_PACKAGES = 0

    def __init__(
        self,
        conda_dependencies_file_path: str | Path | None = None,
        _underlying_structure: dict[str, Any] | None = None,
    ) -> None:
        if conda_dependencies_file_path is not None and _underlying_structure is not None:
            raise UserErrorException("Give CondaDependencies a file or a structure, not both.")
        with raised_as(UserErrorException):
            if conda_dependencies_file_path is not None:
                self._document = _read(Path(conda_dependencies_file_path))
            elif _underlying_structure is not None:
                self._document = checked(copy.deepcopy(_underlying_structure), "The structure")
            else:
                self._document = _default()

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_packages: Sequence[str] | None = None,
        python_version: str | None = PYTHON_DEFAULT_VERSION,
        pin_sdk_version: bool = True,
    ) -> "CondaDependencies":
        """With these packages; without ``pip_packages`` ``azureml-defaults`` is there."""
        del pin_sdk_version
        made = CondaDependencies()
        if pip_packages is not None:
            made.remove_pip_package(DEFAULT_SDK)
            for package in pip_packages:
                made.add_pip_package(package)
        for package in conda_packages or ():
            made.add_conda_package(package)
        made.set_python_version(python_version or PYTHON_DEFAULT_VERSION)
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        return made

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """The requirements with repeated names joined: ``a>1`` and ``a<3`` are ``a>1,<3``."""
        merged: dict[str, list[str]] = {}
        for line in requirements:
            found = re.match(r"([A-Za-z0-9._-]+(?:\[[^\]]*\])?)\s*(.*)", line.strip())
            if found:
                merged.setdefault(found[1], []).append(found[2].strip())
        return [name + ",".join(s for s in specs if s) for name, specs in merged.items()]

    @staticmethod
    def sdk_origin_url() -> str:
        """Where the SDK comes from: '' for whichever index this machine is set up for."""
        return ""

    # --- Python, channels

    def get_python_version(self) -> str | None:
        """The version asked for, or None when none is."""
        for package in self._dependencies:
            if isinstance(package, str) and _PYTHON.fullmatch(package.strip()):
                version = package.strip()[len("python") :].strip().lstrip("=~ ")
                return version or None
        return None

    python_version = property(get_python_version)

    def set_python_version(self, version: str) -> None:
        """Ask for this Python."""
        if not re.fullmatch(r"\d+(\.\d+)*(\.\*)?", str(version)):
            raise UserErrorException(
                f"{version!r} is no Python version; write '3.11' or '3.8.18'."
            )
        self._dependencies[:] = [
            p for p in self._dependencies
            if not (isinstance(p, str) and _PYTHON.fullmatch(p.strip()))
        ]  # fmt: skip
        self._dependencies.insert(0, f"python={version}")

    @property
    def conda_channels(self) -> list[str]:
        """The channels in their order."""
        return list(self._document.get("channels") or [])

    def add_channel(self, channel: str) -> None:
        """Add a channel at the end."""
        channels = self._document.setdefault("channels", [])
        if channel not in channels:
            channels.append(channel)

    def remove_channel(self, channel: str) -> None:
        """Remove a channel."""
        self._document["channels"] = [c for c in self.conda_channels if c != channel]

    # --- conda packages

    @property
    def conda_packages(self) -> list[str]:
        """The conda packages, without Python and pip's section."""
        return [
            p for p in self._dependencies
            if isinstance(p, str) and not _PYTHON.fullmatch(p.strip())
        ]  # fmt: skip

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda package; one of that name is replaced."""
        _check_package(conda_package)
        if _PYTHON.fullmatch(conda_package.strip()):
            version = conda_package.strip()[len("python") :].lstrip("= ")
            self.set_python_version(version or PYTHON_DEFAULT_VERSION)
            return
        self.remove_conda_package(conda_package)
        self._dependencies.append(conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove the conda package of that name."""
        name = name_of(conda_package)
        self._dependencies[:] = [
            p for p in self._dependencies if not isinstance(p, str) or name_of(p) != name
        ]

    # --- pip packages and options

    @property
    def pip_packages(self) -> list[str]:
        """The pip requirements, without options."""
        return [line for line in self._pip if not line.startswith("-")]

    @property
    def pip_options(self) -> list[str]:
        """The options of pip, such as ``--index-url …``."""
        return [line for line in self._pip if line.startswith("-")]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a pip requirement; one of that name is replaced."""
        _check_package(pip_package)
        self.remove_pip_package(pip_package)
        self._pip.append(pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove the pip requirement of that name."""
        name = name_of(pip_package)
        self._pip[:] = [p for p in self._pip if p.startswith("-") or name_of(p) != name]

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replace all pip requirements and options."""
        self._pip[:] = [line for line in map(str.strip, pip_requirements) if line]

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option; one of that name is replaced."""
        self.remove_pip_option(pip_option)
        self._pip.insert(0, pip_option)

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove the option of that name."""
        name = re.split(r"[ =]", pip_option, maxsplit=1)[0]
        self._pip[:] = [p for p in self._pip if re.split(r"[ =]", p, maxsplit=1)[0] != name]

    def set_pip_index_url(self, index_url: str) -> None:
        """Ask this index for the packages."""
        option = index_url if index_url.startswith("-") else f"--index-url {index_url}"
        self.set_pip_option(option)

    # --- frameworks

    def add_tensorflow_pip_package(
        self, core_type: str = "cpu", version: str | None = None
    ) -> None:
        """Add TensorFlow from pip."""
        gpu = core_type.lower() == "gpu" and version is not None and version < "2"
        name = "tensorflow-gpu" if gpu else "tensorflow"
        self.add_pip_package(f"{name}=={version}" if version else name)

    def add_tensorflow_conda_package(
        self, core_type: str = "cpu", version: str | None = None
    ) -> None:
        """Add TensorFlow from conda."""
        del core_type
        self.add_conda_package(f"tensorflow={version}" if version else "tensorflow")

    def add_cntk_package(self, core_type: str = "cpu") -> None:
        """Add CNTK, which has had no release since 2019."""
        self.add_pip_package("cntk-gpu" if core_type.lower() == "gpu" else "cntk")

    def get_default_number_of_packages(self) -> int:
        """None is there by default but azureml-defaults."""
        return self.DEFAULT_NUMBER_OF_CONDA_PACKAGES + self.DEFAULT_NUMBER_OF_PIP_PACKAGES

    # --- as text

    def serialize_to_string(self) -> str:
        """The specification as YAML."""
        return _HEADER + yaml_text.dump(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """A copy of the specification."""
        return copy.deepcopy(self._document)

    def save(self, path: str | Path | None = None) -> str:
        """Write it to a file or below a folder (default conda_dependencies.yml); its path."""
        target = Path(path or ".")
        target = target / "conda_dependencies.yml" if target.is_dir() else target
        target.write_text(self.serialize_to_string())
        return str(target)

    def save_to_file(self, base_directory: str | Path, conda_file_path: str | None = None) -> str:
        """Write it below ``base_directory``; the file's name."""
        name = conda_file_path or "conda_dependencies.yml"
        (Path(base_directory) / name).write_text(self.serialize_to_string())
        return name

    @property
    def _dependencies(self) -> list[Any]:
        dependencies: list[Any] = self._document.setdefault("dependencies", [])
        return dependencies

    @property
    def _pip(self) -> list[str]:
        for entry in self._dependencies:
            if isinstance(entry, dict):
                found: list[str] = entry.setdefault("pip", [])
                return found
        section: dict[str, list[str]] = {"pip": []}
        self._dependencies.append(section)
        return section["pip"]

    def __repr__(self) -> str:
        return self.serialize_to_string()


def name_of(package: str) -> str:
    """The name in a requirement, as packages are compared."""
    name = re.split(r"[\s=<>!~;\[@]", package.strip().rsplit("::", 1)[-1], maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def checked(document: Any, what: str) -> dict[str, Any]:
    """The specification, when it has the form of one. Raises ``BadEnvironment``."""
    if not isinstance(document, dict):
        raise BadEnvironment(f"{what} is no conda specification: it must be a mapping.")
    unknown = set(document) - {"name", "channels", "dependencies", "prefix", "variables"}
    if unknown:
        raise BadEnvironment(f"{what} has keys that conda does not know: {sorted(unknown)}.")
    for key in ("dependencies", "channels"):
        if not isinstance(document.get(key) or [], list):
            raise BadEnvironment(f"{key!r} in {what} must be a list.")
    for entry in document.get("dependencies") or []:
        if not isinstance(entry, str) and not _is_pip(entry):
            raise BadEnvironment(f"{entry!r} in {what} is neither a package nor pip's list.")
    if document.get("dependencies") is None:
        document["dependencies"] = []
    return document


def _is_pip(entry: Any) -> bool:
    if not isinstance(entry, dict) or set(entry) != {"pip"}:
        return False
    lines = entry["pip"]
    return isinstance(lines, list) and all(isinstance(line, str) for line in lines)


def _default() -> dict[str, Any]:
    return {
        "name": "project_environment",
        "dependencies": [f"python={PYTHON_DEFAULT_VERSION}", {"pip": [DEFAULT_SDK]}],
        "channels": list(_CHANNELS),
    }


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text()
    except OSError as error:
        raise BadEnvironment(
            f"The conda file {str(file)!r} cannot be read: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise BadEnvironment(f"The conda file {str(file)!r} is not text: {error}.") from error
    return checked(yaml_text.load(text, str(file)), str(file))


def _check_package(package: object) -> None:
    if not isinstance(package, str) or not package.strip():
        raise UserErrorException(f"The name of a package must be text, not {package!r}.")

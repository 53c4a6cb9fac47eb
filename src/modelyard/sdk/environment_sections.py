"""The sections of an environment: python, docker, spark."""

from pathlib import Path
from typing import Any

from modelyard.sdk.conda_dependencies import CondaDependencies


class PythonSection:
    """Which packages; or, user managed, which interpreter as it is."""

    def __init__(self, **kwargs: Any) -> None:
        self.conda_dependencies: CondaDependencies = CondaDependencies()
        self.user_managed_dependencies: bool = False
        self.interpreter_path: str = "python"
        self.base_conda_environment: str | None = None
        self._conda_dependencies_file: str | None = None
        for name, value in kwargs.items():
            setattr(self, name, value)

    @property
    def conda_dependencies_file(self) -> str | None:
        """A conda file; setting it reads the file."""
        return self._conda_dependencies_file

    @conda_dependencies_file.setter
    def conda_dependencies_file(self, value: str | Path | None) -> None:
        if value is not None:
            self.conda_dependencies = CondaDependencies(value)
        self._conda_dependencies_file = None if value is None else str(value)


class DockerSection:
    """What scripts say of containers. Kept and shown; services run without a container."""

    _FIELDS = {
        "enabled": False,
        "base_image": None,
        "base_dockerfile": None,
        "base_image_registry": None,
        "platform": None,
        "shared_volumes": True,
        "shm_size": None,
        "gpu_support": False,
        "build_context": None,
    }

    def __init__(self, **kwargs: Any) -> None:
        self.enabled: bool = False
        self.base_image: str | None = None
        self.base_dockerfile: str | None = None
        self.base_image_registry: Any = ContainerRegistry()
        self.platform: Any = None
        self.shared_volumes: bool = True
        self.shm_size: str | None = None
        self.gpu_support: bool = False
        self.build_context: Any = None
        self.arguments: list[str] = []
        for name, value in kwargs.items():
            setattr(self, name, value)

    def said(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON takes it."""
        found: dict[str, Any] = {}
        for name, default in self._FIELDS.items():
            value = getattr(self, name)
            if name == "base_image_registry":
                value = getattr(value, "address", value)
            if value != default:
                found[name] = value if isinstance(value, bool | int) else str(value)
        if self.arguments:
            found["arguments"] = [str(a) for a in self.arguments]
        return found


class ContainerRegistry:
    """Where base images come from in Azure."""

    def __init__(self, **_: Any) -> None:
        self.address: str | None = None
        self.username: str | None = None
        self.password: str | None = None


class SparkSection:
    """What scripts say of Spark. Kept, never used."""

    def __init__(self, **kwargs: Any) -> None:
        self.repositories: list[str] = []
        self.packages: list[Any] = []
        self.precache_packages: bool = True
        for name, value in kwargs.items():
            setattr(self, name, value)

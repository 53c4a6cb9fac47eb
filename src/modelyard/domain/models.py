"""Registered models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modelyard.domain.names import check_name


@dataclass(frozen=True, slots=True)
class Model:
    """
    A version of a named model; its files are a manifest.

    ``record`` holds what trained it:
    ``{"python": "3.11.7", "packages": {"scikit-learn": "1.7"}}``. The samples are tensors as
    ``domain.samples`` writes them; lists of models come without them.
    """

    workspace: str
    name: str
    version: int
    manifest: str
    size: int
    created: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    framework: str | None = None
    framework_version: str | None = None
    run_id: str | None = None
    experiment: str | None = None
    created_by: str = ""
    resources: Mapping[str, Any] | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    sample_input: tuple[Mapping[str, Any], ...] = ()
    sample_output: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        check_name("model", self.name)

    @property
    def id(self) -> str:
        """``name:version``, as Azure writes it."""
        return f"{self.name}:{self.version}"

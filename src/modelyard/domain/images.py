"""Images (deprecated in Azure): a named, versioned content that services can be deployed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from modelyard.domain.names import check_name
from modelyard.domain.services import RevisionContent


@dataclass(frozen=True, slots=True)
class Image:
    """A version of an image: what a service deployed from it runs."""

    workspace: str
    name: str
    version: int
    content: RevisionContent
    created: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    created_by: str = ""

    def __post_init__(self) -> None:
        check_name("image", self.name)

    @property
    def id(self) -> str:
        """``name:version``, as Azure writes it."""
        return f"{self.name}:{self.version}"

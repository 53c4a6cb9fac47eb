"""An experiment: a named group of runs in a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from modelyard.domain.names import check_name


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named group of runs; ``archived`` is when it was put away, or None."""

    id: str
    workspace: str
    name: str
    created: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    archived: datetime | None = None

    def __post_init__(self) -> None:
        check_name("experiment", self.name)

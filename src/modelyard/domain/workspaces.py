"""A workspace: the boundary inside which names are unique."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from modelyard.domain.names import check_name


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    A named home of experiments, models, environments and services.

    ``cloud`` keeps what scripts written for Azure say (subscription_id, resource_group, location,
    sku, friendly_name …): shown again, never used.
    """

    id: str
    name: str
    created: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    cloud: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("workspace", self.name)

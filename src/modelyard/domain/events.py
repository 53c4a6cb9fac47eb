"""What was changed: by whom, when, from what to what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """
    One change of a service, kept also when the service is gone.

    ``what`` is a short word: 'traffic', 'version created', 'rollout step', … ``who`` is a token's
    name, or 'modelyard' for what it did by itself; ``why`` says then what made it. ``before`` and
    ``after`` hold only what changed. ``number`` is given by the store and grows.
    """

    workspace: str
    service: str
    time: datetime
    who: str
    what: str
    version: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    number: int = 0

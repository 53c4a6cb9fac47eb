"""What the stores in memory share: the data, one lock, and numbers."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from modelyard.domain.computes import Compute
from modelyard.domain.environments import Build, Environment
from modelyard.domain.errors import NotFound
from modelyard.domain.events import Event
from modelyard.domain.experiments import Experiment
from modelyard.domain.images import Image
from modelyard.domain.leases import Lease
from modelyard.domain.manifests import Manifest
from modelyard.domain.models import Model
from modelyard.domain.rollouts import Rollout
from modelyard.domain.runs import Metric, Run, RunFile
from modelyard.domain.services import Keys, Revision, Service, ServiceVersion
from modelyard.domain.tokens import Token
from modelyard.domain.workspaces import Workspace
from modelyard.stores import documents

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    V = TypeVar("V", bound=DataclassInstance)
else:
    V = TypeVar("V")


@dataclass
class Memory:
    """The data of all stores; whoever touches it holds ``lock``."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    counters: Counter[tuple[str, ...]] = field(default_factory=Counter)
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    experiments: dict[tuple[str, str], Experiment] = field(default_factory=dict)
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    metrics: dict[tuple[str, str], list[Metric]] = field(default_factory=dict)
    files: dict[tuple[str, str], dict[str, RunFile]] = field(default_factory=dict)
    models: dict[tuple[str, str, int], Model] = field(default_factory=dict)
    images: dict[tuple[str, str, int], Image] = field(default_factory=dict)
    environments: dict[tuple[str, str, int], Environment] = field(default_factory=dict)
    builds: dict[str, Build] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    keys: dict[str, Keys] = field(default_factory=dict)
    versions: dict[tuple[str, str], ServiceVersion] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    lease: Lease | None = None
    manifests: dict[str, Manifest] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    computes: dict[tuple[str, str], Compute] = field(default_factory=dict)

    def next(self, *series: str) -> int:
        """The next number of a series, from 1, never the same twice."""
        self.counters[series] += 1
        return self.counters[series]

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Holds the lock; when anything raises, everything is as it was before."""
        names = [part.name for part in fields(self) if part.name != "lock"]
        with self.lock:
            before = {name: copy(getattr(self, name)) for name in names}
            try:
                yield
            except BaseException:
                for name, value in before.items():
                    setattr(self, name, value)
                raise

    def check_workspace(self, name: str) -> None:
        """Raises ``NotFound`` when there is none of that name."""
        if name not in self.workspaces:
            raise NotFound(f"There is no workspace {name!r}.")


def kept(value: V) -> V:
    """
    A copy that shares nothing with the caller's value, as a database would give it back.

    Raises ``BadInput`` for a document that a database refuses.
    """
    parts = {part.name: getattr(value, part.name) for part in fields(value)}
    return deepcopy(replace(value, **{name: _kept(part) for name, part in parts.items()}))


def _kept(part: Any) -> Any:
    if isinstance(part, Mapping):
        return documents.decode(documents.encode(part))
    return part.astimezone(UTC) if isinstance(part, datetime) else part


def has_entries(document: Mapping[str, Any], wanted: Mapping[str, str | None] | None) -> bool:
    """Whether the document has these keys, each with its value unless that is None."""
    return all(
        key in document and (value is None or document[key] == value)
        for key, value in (wanted or {}).items()
    )

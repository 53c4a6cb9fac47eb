"""A control plane over fakes: everything real but the edges, and time that goes when told."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelyard.bootstrap.control_api import make_cases
from modelyard.bootstrap.control_parts import Adapters, places
from modelyard.domain.services import Revision, Service, ServiceVersion
from modelyard.domain.tokens import Role
from modelyard.settings import Settings
from modelyard.stores.stores import Stores
from modelyard.testing.builder import FakeBuilder
from modelyard.testing.clock import FakeClock
from modelyard.testing.gateway import FakeGateway
from modelyard.testing.stores import MemoryBlobStore, memory_stores
from modelyard.testing.supervision import FakeSupervision
from modelyard.testing.target import FakeTarget
from modelyard.usecases.access_tokens import signing_key
from modelyard.usecases.actions import Actor
from modelyard.usecases.builds import Builds
from modelyard.usecases.in_force import InForce
from modelyard.usecases.layout import Layout
from modelyard.usecases.leading import Steps
from modelyard.usecases.plan import GRACE
from modelyard.usecases.reconcile import Reconciler
from modelyard.usecases.switching import Switching
from modelyard.wire import contents
from modelyard.wire import services as wire
from modelyard.wire.endpoints import TrafficChange, VersionChange, VersionRequest
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.models import ModelRequest
from modelyard.wire.workspaces import WorkspaceRequest
from tests.waiting import wait_until

SCORE = "def init(): pass\ndef run(data): return data\n"


def tar_of(files: Mapping[str, str | bytes]) -> bytes:
    """A tar of regular files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Yard:
    """Everything of one control plane, and short ways to use it."""

    home: Path
    host: str = "127.0.0.1"
    allow_open: bool = False
    clock: FakeClock = field(default_factory=FakeClock)
    builder: FakeBuilder = field(default_factory=lambda: FakeBuilder(unknown=["no-such-package"]))
    target: FakeTarget = field(default_factory=FakeTarget)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    stores: Stores = field(default_factory=memory_stores)
    blobs: MemoryBlobStore | None = None

    def __post_init__(self) -> None:
        self.settings = Settings(
            home=self.home,
            database_url="sqlite://",
            host=self.host,
            allow_open_services=self.allow_open,
            max_upload=10_000_000,
        )
        self.adapters = Adapters(
            settings=self.settings,
            stores=self.stores,
            blobs=self.blobs or MemoryBlobStore(self.clock),
            builder=self.builder,
            runtime=self.home / "runtime",
            target=self.target,
            supervision=FakeSupervision(),
            clock=self.clock,
            wake=threading.Event(),
            in_force=InForce(patience=0.0),
        )
        self.services = self.stores.services
        self.cases = make_cases(self.adapters)
        self.reconciler = self.new_reconciler()

    def new_reconciler(self) -> Steps:
        """What a control plane that has just begun to lead would use, over ``services``."""
        wake = self.adapters.wake.set
        self.builds = Builds(
            self.stores.environments, self.builder, self.home / "logs/builds", self.clock, wake
        )
        layout = Layout(places(self.adapters), self.adapters.blobs, self.stores.snapshots)
        self.actor = Actor(
            services=self.services,
            rollouts=self.stores.rollouts,
            environments=self.stores.environments,
            builder=self.builder,
            target=self.target,
            layout=layout,
            wake=wake,
        )
        reconciler = Reconciler(
            services=self.services,
            environments=self.stores.environments,
            target=self.target,
            gateway=self.gateway,
            builds=self.builds,
            actor=self.actor,
            clock=self.clock,
            open_allowed=self.settings.loopback or self.allow_open,
            in_force=self.adapters.in_force,
            signing_key=signing_key(self.adapters.secret),
        )
        return Switching(
            reconciler, lambda: reconciler.stored, self.services, self.target, self.clock
        )

    def workspace(self, name: str = "ws") -> str:
        self.cases.workspaces.create(WorkspaceRequest(name=name, exist_ok=True))
        return name

    def snapshot(self, files: Mapping[str, str | bytes]) -> str:
        return self.cases.snapshots.add_tar(io.BytesIO(tar_of(files))).digest

    def model(self, name: str = "salary", content: str = "weights") -> str:
        """The id of a new version."""
        manifest = self.snapshot({"model.pkl": content})
        request = ModelRequest(name=name, manifest=manifest)
        return self.cases.models.register("ws", request).id

    def content(self, **changes: object) -> contents.Content:
        parts: dict[str, object] = {
            "source": self.snapshot({"score.py": SCORE}),
            "entry_script": "score.py",
            "environment": EnvironmentDefinition(name="env", python_version="3.8"),
        }
        return contents.Content(**{**parts, **changes})  # type: ignore[arg-type]

    def deploy(self, name: str = "salary", **changes: object) -> Service:
        content = changes.pop("content", None) or self.content()
        request = wire.ServiceRequest(name=name, content=content, **changes)  # type: ignore[arg-type]
        return self.cases.services.deploy("ws", request)

    def view(self, name: str = "salary") -> wire.Service:
        return self.cases.watch.view(self.cases.services.get("ws", name))

    def settle(self) -> None:
        """Step, and let time pass, until nothing changes any more."""

        def quiet() -> bool:
            delay = self.reconciler.step()
            self.clock.advance(GRACE)
            idle = not self.actor.preparing() and not self.builds.under_way()
            return delay >= 0.5 and idle

        wait_until(quiet, what="the reconciler to come to rest")

    def step_until(self, condition: object) -> None:
        """Step without letting time pass."""

        def met() -> bool:
            self.reconciler.step()
            return bool(condition())  # type: ignore[operator]

        wait_until(met)

    def make(self, version: str, name: str = "salary", **changes: object) -> wire.Version:
        """A version, its content the default version's where nothing is said."""
        request = VersionRequest(name=version, **changes)  # type: ignore[arg-type]
        service = self.cases.versions.create("ws", name, request, "somebody")
        return self.cases.watch.version(service, version)

    def change(self, version: str, name: str = "salary", **changes: object) -> wire.Version:
        """A version changed."""
        request = VersionChange(**changes)  # type: ignore[arg-type]
        service = self.cases.versions.change("ws", name, version, request, "somebody")
        return self.cases.watch.version(service, version)

    def traffic(self, name: str = "salary", **changes: object) -> wire.Traffic:
        """Traffic changed."""
        request = TrafficChange(**changes)  # type: ignore[arg-type]
        return self.cases.traffic.change("ws", name, request, "somebody")

    def versions(self, name: str = "salary") -> dict[str, ServiceVersion]:
        id = self.stores.services.get("ws", name).id
        return {version.name: version for version in self.stores.services.versions(id)}

    def version(self, name: str = "salary") -> ServiceVersion:
        return self.stores.services.versions(self.stores.services.get("ws", name).id)[0]

    def revisions(self, name: str = "salary", version: str = "") -> dict[int, Revision]:
        """Those of the default version by their numbers."""
        service = self.stores.services.get("ws", name)
        wanted = version or service.default_version
        rows = self.stores.services.revisions(service.id)
        return {r.number: r for r in rows if r.version == wanted}

    def states(self, name: str = "salary") -> dict[int, str]:
        return {number: r.state.value for number, r in self.revisions(name).items()}

    def token(self, role: Role) -> str:
        return self.cases.tokens.create(f"a-{role.value}", role)[1]

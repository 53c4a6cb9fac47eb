"""Puts the control plane's parts together: adapters, use cases, and what a leader does."""

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from secrets import token_bytes

from modelyard.bootstrap.clock import SystemClock
from modelyard.bootstrap.doors import make_doors
from modelyard.bootstrap.late_builder import LateBuilder
from modelyard.bootstrap.machine import gpu_count
from modelyard.gateway.binary import find_haproxy, has_lua
from modelyard.gateway.haproxy import HaproxyGateway
from modelyard.gateway.layout import Layout as GatewayLayout
from modelyard.ports import BlobStore, Clock, EnvironmentBuilder, Supervision, Target
from modelyard.settings import Settings
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.secret import read_or_create_secret
from modelyard.stores.sql.opening import open_sql
from modelyard.stores.stores import Stores
from modelyard.supervisor import identity
from modelyard.supervisor.files import FileSupervision
from modelyard.targets.local.runtime import lay_worker
from modelyard.targets.local.target import LocalTarget
from modelyard.usecases.access_tokens import signing_key
from modelyard.usecases.actions import Actor
from modelyard.usecases.builds import Builds
from modelyard.usecases.fronts import Places
from modelyard.usecases.in_force import InForce
from modelyard.usecases.layout import Layout
from modelyard.usecases.leading import Leader, Steps
from modelyard.usecases.lease import Leadership
from modelyard.usecases.limits import Capacity
from modelyard.usecases.reconcile import Reconciler
from modelyard.usecases.renew import Renewing
from modelyard.usecases.shadowing import Shadowing
from modelyard.usecases.switching import Switching
from modelyard.usecases.together import Together

VERSION = version("modelyard")


@dataclass(frozen=True, slots=True)
class Adapters:
    """
    Everything that touches the outside, and the event that wakes the leader.

    ``late`` is what is loaded when the server answers, ``closers`` what is called at its end.
    """

    settings: Settings
    stores: Stores
    blobs: BlobStore
    builder: EnvironmentBuilder
    runtime: Path
    target: Target
    supervision: Supervision
    clock: Clock
    wake: threading.Event
    in_force: InForce = field(default_factory=InForce)
    secret: bytes = field(default_factory=lambda: token_bytes(32))
    late: tuple[Callable[[], object], ...] = ()
    closers: tuple[Callable[[], None], ...] = ()

    def capacity(self) -> Capacity:
        """What this machine has."""
        cores, memory = self.target.capacity()
        return Capacity(cores, memory, gpu_count())

    def load_late(self) -> None:
        """Load what the first deployment would wait for."""
        for load in self.late:
            load()

    def close(self) -> None:
        """Give everything back."""
        for close in self.closers:
            close()


def open_adapters(settings: Settings) -> Adapters:
    """Open everything. Raises ModelyardError when something cannot be used."""
    secret = read_or_create_secret(settings.home / "secret.key")
    runtime = lay_worker(settings.home)
    # epoch 0 only reads: what changes processes is made anew for each epoch
    supervision = FileSupervision(settings.run, epoch=0)
    stores = open_sql(settings.database_url, secret)
    builder = LateBuilder(settings.environments_dir)
    target = LocalTarget(settings, supervision, runtime)
    return Adapters(
        settings=settings,
        stores=stores,
        blobs=FileBlobStore(settings.home),
        builder=builder,
        runtime=runtime,
        target=target,
        supervision=supervision,
        clock=SystemClock(),
        wake=threading.Event(),
        secret=secret,
        late=(builder.load,),
        closers=(builder.close, target.close, stores.close),
    )


def places(adapters: Adapters) -> Places:
    """Where revisions lie."""
    settings = adapters.settings
    return Places(
        revisions=settings.home / "services",
        sockets=settings.sockets,
        logs=settings.logs,
        runtime=adapters.runtime,
    )


def make_gateway(settings: Settings) -> HaproxyGateway:
    """The gateway of this home. Raises GatewayFailed when there is no HAProxy."""
    layout = GatewayLayout.of(settings, control_socket(settings), socket.gethostname())
    binary = find_haproxy(settings.haproxy)
    if not has_lua(binary):
        layout = replace(layout, ledgers=None)
    return HaproxyGateway(layout, binary)


def control_socket(settings: Settings) -> Path:
    """Where the control plane answers."""
    return settings.sockets / "control.sock"


def open_allowed(settings: Settings) -> bool:
    """Whether services may be called without a key."""
    return settings.loopback or settings.allow_open_services


Other = Callable[[Adapters, Supervision], Steps]
"""Makes what else a leader does, over the supervision of its epoch."""


def make_leader(adapters: Adapters, gateway: HaproxyGateway, *others: Other) -> Leader:
    """The thread that brings about what is stored: services, and what ``others`` look after."""
    stores = adapters.stores
    leadership = Leadership(stores.leases, identity.current(), identity.alive)
    builds = Builds(
        stores.environments,
        adapters.builder,
        adapters.settings.logs / "builds",
        adapters.clock,
        adapters.wake.set,
    )
    return Leader(leadership, partial(_begin, adapters, gateway, builds, others), adapters.wake)


def _begin(
    adapters: Adapters,
    gateway: HaproxyGateway,
    builds: Builds,
    others: Sequence[Other],
    epoch: int,
) -> Steps:
    supervision = FileSupervision(adapters.settings.run, epoch)
    gateway.prepare()
    supervision.want(gateway.process())
    target = LocalTarget(
        adapters.settings,
        supervision,
        adapters.runtime,
        release=VERSION,
        ledgers=gateway.reads_ledgers,
    )
    stores = adapters.stores
    actor = Actor(
        services=stores.services,
        rollouts=stores.rollouts,
        environments=stores.environments,
        builder=adapters.builder,
        target=target,
        layout=Layout(places(adapters), adapters.blobs, stores.snapshots),
        wake=adapters.wake.set,
    )
    reconciler = Reconciler(
        services=stores.services,
        environments=stores.environments,
        target=target,
        gateway=gateway,
        builds=builds,
        actor=actor,
        clock=adapters.clock,
        open_allowed=open_allowed(adapters.settings),
        tokens=make_doors(stores, adapters.secret, adapters.clock),
        in_force=adapters.in_force,
        signing_key=signing_key(adapters.secret),
    )
    renewing = Renewing(reconciler, stores.services, target.outdated, adapters.clock, VERSION)
    services = Switching(
        renewing, lambda: reconciler.stored, stores.services, target, adapters.clock
    )
    shadowing = Shadowing(stores.services, target, adapters.clock)
    return Together(services, shadowing, *(make(adapters, supervision) for make in others))

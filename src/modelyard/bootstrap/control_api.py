"""The API of the control plane, made of use cases over the real adapters."""

from pathlib import Path

from litestar import Litestar

from modelyard.api.app import make_app
from modelyard.api.cases import UseCases
from modelyard.bootstrap.control_parts import VERSION, Adapters, open_allowed
from modelyard.bootstrap.job_parts import job_tokens
from modelyard.bootstrap.machine import free_port, memory_of
from modelyard.bootstrap.rollout_parts import make_rollouts
from modelyard.usecases.access_tokens import AccessTokens, signing_key
from modelyard.usecases.blobs import Blobs
from modelyard.usecases.computes import Computes
from modelyard.usecases.contents import Contents
from modelyard.usecases.disk import DiskUse
from modelyard.usecases.environments import Environments
from modelyard.usecases.events import Events
from modelyard.usecases.experiments import Experiments
from modelyard.usecases.images import Images
from modelyard.usecases.jobs import Jobs
from modelyard.usecases.models import Models
from modelyard.usecases.predictors import Predictors
from modelyard.usecases.resolving import Resolving
from modelyard.usecases.runs import Runs
from modelyard.usecases.service_ports import LocalPorts
from modelyard.usecases.service_rules import ServiceRules
from modelyard.usecases.service_watch import ServiceWatch
from modelyard.usecases.services import Services
from modelyard.usecases.snapshots import Snapshots
from modelyard.usecases.status import Status
from modelyard.usecases.tokens import Tokens
from modelyard.usecases.traffic import ServiceTraffic
from modelyard.usecases.versions import Versions
from modelyard.usecases.workspaces import Workspaces


def make_api(adapters: Adapters) -> Litestar:
    """The ASGI application."""
    return make_app(make_cases(adapters), VERSION)


def make_cases(adapters: Adapters) -> UseCases:
    """Every use case over the adapters."""
    settings, stores, clock = adapters.settings, adapters.stores, adapters.clock
    snapshots = Snapshots(stores.snapshots, adapters.blobs, settings.max_upload)
    models = _models(adapters, snapshots)
    environments = _environments(adapters)
    contents = _contents(adapters, models, snapshots)
    runs = _runs(adapters)
    computes = make_computes(adapters)
    resolving = Resolving(contents, computes, environments)
    services = _services(adapters, resolving)
    return UseCases(
        tokens=Tokens(stores.tokens, clock, job_tokens(adapters), adapters.wake.set),
        workspaces=Workspaces(stores.workspaces, stores.services, clock),
        experiments=Experiments(stores.experiments, clock),
        runs=runs,
        jobs=_jobs(adapters, runs, snapshots, environments),
        blobs=Blobs(adapters.blobs, settings.max_upload),
        snapshots=snapshots,
        models=models,
        images=Images(stores.images, stores.workspaces, contents, environments, clock),
        environments=environments,
        services=services,
        access_tokens=AccessTokens(stores.services, clock, signing_key(adapters.secret)),
        versions=_versions(adapters, services, resolving),
        traffic=make_traffic(adapters, services),
        rollouts=make_rollouts(adapters),
        events=Events(stores.events, stores.workspaces),
        watch=_watch(adapters),
        computes=computes,
        server=make_status(adapters),
        spool_folder=settings.home / "uploads",
        max_upload=settings.max_upload,
    )


def _models(adapters: Adapters, snapshots: Snapshots) -> Models:
    stores = adapters.stores
    return Models(
        stores.models,
        stores.workspaces,
        stores.runs,
        stores.snapshots,
        snapshots,
        stores.services,
        stores.images,
        adapters.clock,
    )


def _environments(adapters: Adapters) -> Environments:
    stores = adapters.stores
    return Environments(
        stores.environments,
        stores.workspaces,
        stores.models,
        adapters.builder,
        adapters.clock,
        adapters.settings.logs / "builds",
        adapters.wake.set,
    )


def _contents(adapters: Adapters, models: Models, snapshots: Snapshots) -> Contents:
    return Contents(
        models,
        adapters.stores.snapshots,
        snapshots,
        adapters.builder,
        adapters.capacity,
        adapters.settings.max_body,
        Predictors(adapters.blobs),
    )


def _runs(adapters: Adapters) -> Runs:
    stores = adapters.stores
    return Runs(
        stores.runs,
        stores.experiments,
        stores.snapshots,
        adapters.blobs,
        adapters.clock,
        adapters.wake.set,
    )


def _jobs(
    adapters: Adapters, runs: Runs, snapshots: Snapshots, environments: Environments
) -> Jobs:
    return Jobs(
        runs,
        adapters.stores.runs,
        snapshots,
        environments,
        adapters.blobs,
        adapters.clock,
        adapters.settings.home / "jobs",
        adapters.wake.set,
    )


def _services(adapters: Adapters, resolving: Resolving) -> Services:
    stores = adapters.stores
    return Services(
        stores.services,
        stores.workspaces,
        stores.rollouts,
        resolving,
        LocalPorts(stores.services, free_port),
        ServiceRules(open_allowed(adapters.settings)),
        adapters.clock,
        adapters.wake.set,
    )


def _versions(adapters: Adapters, services: Services, resolving: Resolving) -> Versions:
    return Versions(
        services,
        adapters.stores.services,
        adapters.stores.rollouts,
        resolving,
        adapters.clock,
        adapters.wake.set,
        adapters.settings.max_versions,
    )


def make_traffic(adapters: Adapters, services: Services) -> ServiceTraffic:
    """Traffic of services, whose changes wait until they are in force."""
    return ServiceTraffic(
        services,
        adapters.stores.services,
        adapters.stores.rollouts,
        adapters.in_force,
        adapters.clock,
        adapters.wake.set,
    )


def make_computes(adapters: Adapters) -> Computes:
    """Compute targets, and whether a version fits on one."""
    stores = adapters.stores
    return Computes(
        stores.computes, stores.workspaces, stores.services, adapters.capacity, adapters.clock
    )


def _watch(adapters: Adapters) -> ServiceWatch:
    return ServiceWatch(
        adapters.stores.services,
        adapters.stores.environments,
        adapters.target,
        adapters.settings.base_url,
        open_allowed=open_allowed(adapters.settings),
        in_force=adapters.in_force.now,
    )


def make_status(adapters: Adapters) -> Status:
    """The server's own state."""
    settings, stores = adapters.settings, adapters.stores
    return Status(
        version=VERSION,
        url=settings.base_url,
        home=settings.home,
        database=settings.database_url.partition(":")[0],
        supervision=adapters.supervision,
        services=stores.services,
        disk=make_disk_use(adapters),
        capacity=adapters.capacity,
        memory_of=memory_of,
    )


def make_disk_use(adapters: Adapters) -> DiskUse:
    """What uses the disk, under the names that people see."""
    settings = adapters.settings
    parts = {
        "unfinished uploads": [settings.home / "uploads"],
        "running services": [settings.home / "services"],
        "logs": [settings.logs],
    }
    if settings.database_url.startswith("sqlite:///"):
        file = settings.database_url.removeprefix("sqlite:///")
        parts["database"] = [Path(file), Path(f"{file}-wal")]
    return DiskUse(parts, adapters.stores.usage, adapters.blobs, adapters.builder, adapters.clock)

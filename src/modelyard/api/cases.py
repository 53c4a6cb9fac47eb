"""Everything that the API can call."""

from dataclasses import dataclass
from pathlib import Path

from modelyard.usecases.access_tokens import AccessTokens
from modelyard.usecases.blobs import Blobs
from modelyard.usecases.computes import Computes
from modelyard.usecases.environments import Environments
from modelyard.usecases.events import Events
from modelyard.usecases.experiments import Experiments
from modelyard.usecases.images import Images
from modelyard.usecases.jobs import Jobs
from modelyard.usecases.models import Models
from modelyard.usecases.rollouts import Rollouts
from modelyard.usecases.runs import Runs
from modelyard.usecases.service_watch import ServiceWatch
from modelyard.usecases.services import Services
from modelyard.usecases.snapshots import Snapshots
from modelyard.usecases.status import Status
from modelyard.usecases.tokens import Tokens
from modelyard.usecases.traffic import ServiceTraffic
from modelyard.usecases.versions import Versions
from modelyard.usecases.workspaces import Workspaces


@dataclass(frozen=True, slots=True)
class UseCases:
    """
    One of each use case, given to handlers whole.

    One by one they could not be: a dependency must not have the name of any field of a body, or
    the framework takes a wrong value in that field for a fault of its own.
    """

    tokens: Tokens
    workspaces: Workspaces
    experiments: Experiments
    runs: Runs
    jobs: Jobs
    blobs: Blobs
    snapshots: Snapshots
    models: Models
    images: Images
    environments: Environments
    services: Services
    access_tokens: AccessTokens
    versions: Versions
    traffic: ServiceTraffic
    rollouts: Rollouts
    events: Events
    watch: ServiceWatch
    computes: Computes
    server: Status
    spool_folder: Path
    max_upload: int

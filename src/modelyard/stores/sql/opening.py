"""All stores over one database."""

from modelyard.stores.sql.computes import SqlComputeStore
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect
from modelyard.stores.sql.environments import SqlEnvironmentStore
from modelyard.stores.sql.events import SqlEventStore
from modelyard.stores.sql.experiments import SqlExperimentStore
from modelyard.stores.sql.images import SqlImageStore
from modelyard.stores.sql.leases import SqlLeaseStore
from modelyard.stores.sql.models import SqlModelStore
from modelyard.stores.sql.rollouts import SqlRolloutStore
from modelyard.stores.sql.runs import SqlRunStore
from modelyard.stores.sql.schema import migrate
from modelyard.stores.sql.services import SqlServiceStore
from modelyard.stores.sql.snapshots import SqlSnapshotStore
from modelyard.stores.sql.tokens import SqlTokenStore
from modelyard.stores.sql.usage import SqlUsageStore
from modelyard.stores.sql.workspaces import SqlWorkspaceStore
from modelyard.stores.stores import Stores


def open_sql(url: str, secret: bytes) -> Stores:
    """
    All stores over the database of that address, brought to this release's schema.

    ``secret`` is what ``read_or_create_secret`` gives. Raises ``BadInput`` for an address or
    secret that cannot be used, ``Conflict`` for a database of a newer release, ``Unavailable``.
    """
    database = Database(connect(url))
    migrate(database)
    return over(database, secret)


def over(database: Database, secret: bytes) -> Stores:
    """All stores over a database that has the schema."""
    return Stores(
        workspaces=SqlWorkspaceStore(database),
        experiments=SqlExperimentStore(database),
        runs=SqlRunStore(database),
        models=SqlModelStore(database),
        images=SqlImageStore(database),
        environments=SqlEnvironmentStore(database),
        services=SqlServiceStore(database, secret),
        tokens=SqlTokenStore(database),
        leases=SqlLeaseStore(database),
        snapshots=SqlSnapshotStore(database),
        usage=SqlUsageStore(database),
        events=SqlEventStore(database),
        rollouts=SqlRolloutStore(database),
        computes=SqlComputeStore(database),
        close=database.close,
    )

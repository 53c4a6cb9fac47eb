"""Which tokens the gateway lets through to telemetry by itself."""

from collections.abc import Callable, Mapping

from modelyard.ports import Clock
from modelyard.stores.stores import Stores
from modelyard.usecases.job_tokens import JobTokens
from modelyard.usecases.routes import doors


def make_doors(stores: Stores, secret: bytes, clock: Clock) -> Callable[[], Mapping[str, str]]:
    """What says it: the stored tokens that are not revoked, and those of jobs that go on."""
    jobs = JobTokens(secret, stores.runs, clock)

    def now() -> Mapping[str, str]:
        running = map(jobs.token_of, stores.runs.open_jobs())
        return doors([*stores.tokens.list(), *running])

    return now

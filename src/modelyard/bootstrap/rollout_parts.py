"""Puts together what moves rollouts on."""

from modelyard.bootstrap.control_parts import Adapters
from modelyard.bootstrap.measurements import CollectorMeasurements
from modelyard.ports import Supervision
from modelyard.usecases.background import Background
from modelyard.usecases.rolling import Rolling
from modelyard.usecases.rollouts import Rollouts

ASKING = 2
"""Rollouts whose telemetry is asked for at once."""


def make_rollouts(adapters: Adapters) -> Rollouts:
    """What people do with rollouts."""
    stores = adapters.stores
    return Rollouts(stores.rollouts, stores.services, adapters.clock, adapters.wake.set)


def make_rolling(adapters: Adapters, supervision: Supervision) -> Rolling:
    """What a leader does for rollouts."""
    del supervision  # fronts are only looked at
    stores = adapters.stores
    return Rolling(
        rollouts=stores.rollouts,
        services=stores.services,
        target=adapters.target,
        measurements=CollectorMeasurements(adapters.settings.sockets / "collector.sock"),
        marks=adapters.in_force,
        later=Background(ASKING, adapters.wake.set).submit,
        clock=adapters.clock,
    )

"""Puts the collector together: the store, what fills it, and what answers from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modelyard.bootstrap.collector_outcomes import Outcomes
from modelyard.bootstrap.collector_questions import Questions
from modelyard.bootstrap.collector_standards import Standards
from modelyard.collector.drain import Drain
from modelyard.collector.gateway_log import GatewayLog, GatewaySocket
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.requests import finder
from modelyard.collector.inputs.routes import InputsRoutes
from modelyard.collector.sealing import Sealing
from modelyard.collector.status import Status
from modelyard.collector.store import Store
from modelyard.collector.store_opening import Limits
from modelyard.collector.web import Route
from modelyard.settings import Settings
from modelyard.telemetry import rings


class Part(Protocol):
    """Something with a life of its own beside the store."""

    async def start(self) -> None:
        """Begin; raises nothing that the rest could not live with."""

    async def stop(self) -> None:
        """End; may be called twice."""


@dataclass(frozen=True, slots=True)
class Collector:
    """What runs in the process; parts start in this order and stop in the other."""

    settings: Settings
    store: Store
    drain: Drain
    gateway: GatewayLog
    status: Status
    standards: Standards
    questions: Questions
    inputs: Inputs
    outcomes: Outcomes


def collector_socket(settings: Settings) -> Path:
    """Where the collector answers."""
    return settings.sockets / "collector.sock"


def log_socket(settings: Settings) -> Path:
    """Where the gateway sends its lines."""
    return settings.sockets / "collector-log.sock"


def make_collector(settings: Settings) -> Collector:
    """All of it, not started."""
    gateway = GatewayLog()
    # where the gateway takes commands: it is there while the gateway is
    drain = Drain(settings.rings, gateway, (settings.sockets / "gateway.sock").exists)
    standards = Standards(settings)
    outcomes = Outcomes(settings)
    store = Store(
        settings.telemetry,
        [drain, *outcomes.sources, standards.listener],
        limits=Limits(settings.telemetry_memory, settings.telemetry_threads),
        days=settings.telemetry_days,
        free=settings.telemetry_free,
    )
    drain.note = store.note
    outcomes.join(store)
    standards.join(store, drain, gateway, lambda: outcomes.feedback.dropped)
    inputs = Inputs(
        settings.collected,
        rings.data_folder(settings.rings),
        settings.collect_key,
        days=settings.collect_days,
        free=settings.telemetry_free,
    )
    status = Status(store, drain, gateway, inputs, lambda: outcomes.feedback.dropped)
    questions = Questions(settings, store, finder(inputs))
    return Collector(
        settings, store, drain, gateway, status, standards, questions, inputs, outcomes
    )  # fmt: skip


def make_parts(collector: Collector) -> Sequence[Part]:
    """Those that live beside the store; it has started when they do."""
    socket = GatewaySocket(log_socket(collector.settings), collector.gateway.take)
    return [
        socket, collector.standards, collector.questions, collector.inputs, collector.outcomes
    ]  # fmt: skip


def make_routes(collector: Collector) -> Sequence[Route]:
    """All that it answers."""
    return [
        *collector.status.routes(),
        *collector.standards.routes(collector.store),
        *collector.questions.routes(),
        *InputsRoutes(collector.inputs).routes(),
        *collector.outcomes.routes(),
        *Sealing(collector.store, collector.inputs).routes(),
    ]

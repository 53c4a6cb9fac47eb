"""The collector from its start to its end."""

import asyncio
import gc
import logging
import signal
from collections.abc import Sequence
from contextlib import suppress

import uvloop

from modelyard.bootstrap.collector_http import WebApplication
from modelyard.bootstrap.collector_parts import (
    Collector,
    Part,
    collector_socket,
    make_collector,
    make_parts,
    make_routes,
)
from modelyard.bootstrap.home import prepare
from modelyard.collector.app import Web
from modelyard.domain.errors import Unavailable
from modelyard.serving.http import HttpServer
from modelyard.serving.roles import Role
from modelyard.settings import Settings
from modelyard.telemetry import rings

_log = logging.getLogger("modelyard.collector")


def run(settings: Settings) -> None:
    """Collect until told to end. Raises ModelyardError when it cannot start."""
    prepare(settings)
    _prepare_rings(settings)
    role = Role(collector_socket(settings))
    try:
        uvloop.run(_serve(make_collector(settings)))
    finally:
        role.close()


def _prepare_rings(settings: Settings) -> None:
    try:
        rings.prepare(settings.rings)
    except OSError as error:
        raise Unavailable(
            f"There is no place for rings, so nothing is collected: {error}."
        ) from error


async def _serve(collector: Collector) -> None:
    ending = _told_to_end()
    parts = make_parts(collector)
    application = WebApplication(Web(make_routes(collector)))
    server = HttpServer(application, collector_socket(collector.settings))
    try:
        await collector.store.start()
        await _start(parts)
        await server.start()
        _log.info("ready at %s", collector_socket(collector.settings))
        gc.collect()
        gc.freeze()  # what lives as long as the process need not be looked through again
        # rows come by ten thousands and are no garbage: looking for it costs a quarter of the time
        gc.set_threshold(50_000, 20, 50)
        await ending.wait()
    finally:
        application.draining = True
        await server.stop(2.0)
        for part in reversed(parts):
            with suppress(OSError):
                await part.stop()
        await collector.store.stop()
        _log.info("stopped")


async def _start(parts: Sequence[Part]) -> None:
    """What cannot start is missing; the rest is still worth having."""
    for part in parts:
        try:
            await part.start()
        except (OSError, RuntimeError):
            _log.exception("%s cannot start", type(part).__name__)


def _told_to_end() -> asyncio.Event:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    return ending

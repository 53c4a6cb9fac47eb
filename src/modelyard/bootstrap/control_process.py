"""The process of API and reconciler, from its start to its end."""

import gc
import importlib
import json
import logging
import os
import threading

from modelyard.bootstrap.control_parts import (
    VERSION,
    Adapters,
    control_socket,
    make_gateway,
    make_leader,
    open_adapters,
)
from modelyard.bootstrap.home import prepare
from modelyard.bootstrap.job_parts import make_job_reconciler
from modelyard.bootstrap.local_token import ensure_local_token
from modelyard.bootstrap.log_ring import hand_over
from modelyard.bootstrap.rollout_parts import make_rolling
from modelyard.settings import Settings
from modelyard.supervisor.atomic import write_atomically
from modelyard.usecases.tokens import Tokens

_log = logging.getLogger("modelyard.control")


def run(settings: Settings) -> None:
    """Serve until told to end. Raises ModelyardError when it cannot start."""
    prepare(settings)
    handed_over = hand_over(settings, "control")
    adapters = open_adapters(settings)
    ensure_local_token(Tokens(adapters.stores.tokens, adapters.clock), settings.home / "token")
    leader = make_leader(adapters, make_gateway(settings), make_job_reconciler, make_rolling)
    leader.start()
    # imported late: the gateway starts while this process still loads the framework
    api = importlib.import_module("modelyard.bootstrap.control_api")
    server = importlib.import_module("modelyard.bootstrap.control_server")
    socket = control_socket(settings)
    lock = server.hold_role(socket)
    try:
        server.serve(api.make_api(adapters), socket, lambda: _announce(adapters))
    finally:
        leader.end()
        adapters.close()
        os.close(lock)
        if handed_over is not None:
            handed_over.end()


def _announce(adapters: Adapters) -> None:
    settings = adapters.settings
    document = {"url": settings.base_url, "pid": os.getpid(), "version": VERSION}
    write_atomically(settings.run / "server.json", json.dumps(document))
    # what was imported stays for ever: it is never looked through again
    gc.freeze()
    gc.enable()
    _log.info("ready at %s", settings.base_url)
    threading.Thread(target=adapters.load_late, name="load-late", daemon=True).start()

"""``python -m modelyard.bootstrap.control``: the process of API and reconciler."""

import importlib
import json
import logging
import os
import sys

from modelyard import settings as settings_
from modelyard.bootstrap.control_parts import (
    VERSION,
    control_socket,
    make_gateway,
    make_leader,
    open_adapters,
)
from modelyard.bootstrap.home import prepare
from modelyard.bootstrap.local_token import ensure_local_token
from modelyard.domain.errors import ModelyardError
from modelyard.settings import Settings
from modelyard.supervisor.atomic import write_atomically
from modelyard.usecases.tokens import Tokens

_log = logging.getLogger("modelyard.control")


def run(settings: Settings) -> None:
    """Serve until told to end. Raises ModelyardError when it cannot start."""
    prepare(settings)
    adapters = open_adapters(settings)
    ensure_local_token(Tokens(adapters.stores.tokens, adapters.clock), settings.home / "token")
    leader = make_leader(adapters, make_gateway(settings))
    leader.start()
    # imported late: the gateway starts while this process still loads the framework
    api = importlib.import_module("modelyard.bootstrap.control_api")
    server = importlib.import_module("modelyard.bootstrap.control_server")
    socket = control_socket(settings)
    lock = server.hold_role(socket)
    try:
        server.serve(api.make_api(adapters), socket, lambda: _announce(settings))
    finally:
        leader.end()
        adapters.close()
        os.close(lock)


def _announce(settings: Settings) -> None:
    document = {"url": settings.base_url, "pid": os.getpid(), "version": VERSION}
    write_atomically(settings.run / "server.json", json.dumps(document))
    _log.info("ready at %s", settings.base_url)


def main() -> int:
    """The process; its log goes to stderr."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        run(settings_.read())
    except ModelyardError as error:
        _log.error("%s", error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A query process: ``python -m modelyard.bootstrap.query MEMORY THREADS FOLDER… SOCKET``."""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from modelyard.collector.query.child import Child
from modelyard.collector.query.engine import open_engine
from modelyard.collector.query.sandbox import confine
from modelyard.settings import Settings

_THREADS = 2


def command(settings: Settings) -> tuple[str, ...]:
    """What starts one; who starts it adds the number of the socket's descriptor."""
    return (
        sys.executable,
        "-P",
        "-m",
        "modelyard.bootstrap.query",
        str(settings.query_memory),
        str(min(_THREADS, os.cpu_count() or 1)),
        str(settings.telemetry),
    )


def main(arguments: Sequence[str]) -> None:
    """Answer queries until whoever started this process is gone."""
    memory, threads, *folders, descriptor = arguments
    channel = socket.socket(fileno=int(descriptor))
    places = [Path(folder) for folder in folders]
    connection = open_engine(places, int(memory), int(threads))
    confine(int(memory))
    Child(connection, channel, int(memory)).run()


if __name__ == "__main__":
    main(sys.argv[1:])

"""A front that only answers on its control socket: ``python fake_front.py SPEC.json``."""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

state = {"state": "ready", "silent": False}


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    path = Path(spec["control_socket"])
    path.unlink(missing_ok=True)
    sys.stdout.write(f"front of {spec['id']} with runtime {spec['runtime']}\n")
    sys.stdout.flush()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    signal.signal(signal.SIGTERM, lambda *_: stop(path))
    while True:
        connection, _ = listener.accept()
        with connection:
            serve(connection, spec)


def serve(connection: socket.socket, spec: dict[str, Any]) -> None:
    with connection.makefile("rw") as stream:
        message = json.loads(stream.readline())
        operation = message["op"]
        if operation == "shadows":
            sys.stdout.write(f"{json.dumps(message)}\n")
            sys.stdout.flush()
        if operation == "drain":
            state["state"] = "draining"
        if spec["variables"].get("SILENT"):
            signal.pause()
        told = {"id": spec["id"], "state": state["state"], "pid": os.getpid(), "later": "field"}
        stream.write(spec["variables"].get("ANSWER", json.dumps(told)) + "\n")


def stop(path: Path) -> None:
    path.unlink(missing_ok=True)
    os._exit(0)


main()

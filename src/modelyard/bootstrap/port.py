"""The port of the gateway: free, ours already, or another program's."""

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

import psutil

from modelyard.domain.errors import BadInput, Conflict
from modelyard.settings import Settings
from modelyard.supervisor import files


def check_port(settings: Settings) -> None:
    """
    Raises Conflict when another program listens there, BadInput when nobody could.

    A port held by a process that an earlier supervisor left behind is ours: it will be adopted.
    """
    try:
        _try_to_bind(settings.host, settings.port)
    except socket.gaierror as error:
        raise BadInput(
            f"MODELYARD_HOST={settings.host!r} is no address: {error.strerror}."
        ) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise BadInput(
                f"Nothing can listen on {settings.host}:{settings.port}: {error.strerror}. "
                "Set MODELYARD_HOST and MODELYARD_PORT to what this user may use."
            ) from error
        holder = holder_of(settings.port)
        if not _is_ours(holder, settings.run):
            raise Conflict(_occupied(settings.port, holder)) from error


def holder_of(port: int) -> int | None:
    """The pid of the process that listens on the port; None when it cannot be told."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return None
    for connection in connections:
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and address and address.port == port:
            return connection.pid
    return None


def _try_to_bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # connections of a server that has ended do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _is_ours(holder: int | None, run: Path) -> bool:
    ours = {process.identity.pid for process in files.running(run) if process.identity}
    if holder is None:
        return bool(ours)
    with suppress(OSError):
        return os.getsid(holder) in ours  # each of our processes leads a session
    return False


def _occupied(port: int, holder: int | None) -> str:
    who = "another program"
    if holder is not None:
        with suppress(psutil.Error):
            who = f"{psutil.Process(holder).name()} (pid {holder})"
    return (
        f"Port {port} is taken by {who}. Stop it, or choose another port: "
        f"MODELYARD_PORT={port + 1} modelyard up"
    )

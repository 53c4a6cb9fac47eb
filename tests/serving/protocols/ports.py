"""A TCP port in front of a front's unix socket, for clients that know of nothing else."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def port_of(path: Path) -> Iterator[int]:
    """The number of a port on 127.0.0.1 that leads to the socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=_accept, args=(server, path, threads), daemon=True)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(10)


def _accept(server: socket.socket, path: Path, threads: list[threading.Thread]) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        thread = threading.Thread(target=_connect, args=(client, path), daemon=True)
        threads.append(thread)
        thread.start()


def _connect(client: socket.socket, path: Path) -> None:
    with client, socket.socket(socket.AF_UNIX) as front, selectors.DefaultSelector() as ready:
        front.connect(str(path))
        ready.register(client, selectors.EVENT_READ, front)
        ready.register(front, selectors.EVENT_READ, client)
        with contextlib.suppress(OSError):
            while True:
                for key, _ in ready.select():
                    source, goal = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    piece = source.recv(65536)
                    if not piece:
                        return
                    goal.sendall(piece)

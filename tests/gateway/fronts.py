"""Tiny HTTP servers on unix sockets that stand in for fronts and for the control plane."""

import contextlib
import json
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

BEGINNING = b"HTTP/1.1 "


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "FrontServer"

    def do_POST(self) -> None:
        front = self.server
        front.requests.append(self.path)
        first = front.requests.count(self.path) == 1
        if self.path == "/hold":
            front.waiting.set()
            front.release.wait(30)
            self.close_connection = True
            return
        if self.path == "/unread" and first:  # its body is: the caller sees a reset
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        dying = self.path == "/dying" and front.requests.count(self.path) <= 3
        if (self.path == "/untaken" and first) or dying:
            self.close_connection = True
            return
        self.wfile.write(BEGINNING)  # as fronts do: it is taken
        self.wfile.flush()
        if self.path == "/die":
            self.close_connection = True
            return
        if self.path == "/wait":
            front.waiting.set()
            front.release.wait(30)
        if self.path == "/abandon":
            front.waiting.set()
            front.gone = _is_closed(self.connection)
        seen = {
            "front": front.id,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "received": len(body),
        }
        answer = json.dumps(seen).encode()
        with contextlib.suppress(OSError):
            head = b"200 OK\r\ncontent-type: application/json\r\n"
            self.wfile.write(head + b"content-length: %d\r\n\r\n" % len(answer) + answer)

    do_GET = do_OPTIONS = do_PUT = do_POST  # noqa: N815 - named by the base class

    def address_string(self) -> str:
        return "gateway"

    def log_message(self, *args: object) -> None:
        pass


class FrontServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """
    Answers with what it was asked; ``/die`` closes without an answer, ``/untaken`` and
    ``/unread`` do so the first time they are asked, as if nothing had come, ``/dying`` the first
    three times, ``/wait`` waits
    to be released, ``/hold`` without having taken anything, ``/abandon`` for its caller to leave.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, id: str, path: Path) -> None:
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        self.id = id
        self.path = path
        self.requests: list[str] = []
        self.waiting = threading.Event()
        self.release = threading.Event()
        self.gone = False
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, str]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        pass

    def close(self) -> None:
        """As a process that ends: first nobody listens any more."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.path.unlink(missing_ok=True)
        self.release.set()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(10)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True

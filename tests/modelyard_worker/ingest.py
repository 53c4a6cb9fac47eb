"""Where telemetry of scripts arrives, in place of the collector."""

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Ingest:
    """An HTTP server that keeps what it is sent; ``statuses`` are answered first, then 200."""

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        self.posts: list[tuple[str, Any]] = []
        self.statuses = list(statuses)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = outer.statuses.pop(0) if outer.statuses else 200
                outer.posts.append((self.path, json.loads(body)))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/telemetry/key"

    @property
    def items(self) -> list[Any]:
        """All that was sent and taken or refused, one by one."""
        return [item for _, items in list(self.posts) for item in items]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

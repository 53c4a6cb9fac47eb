"""Serves routes of the collector over real HTTP, for real clients."""

import asyncio
import gzip
import re
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import ModelyardError, TooLarge, Unauthenticated


class RouteServer:
    """Matches paths, unpacks gzip and bounds bodies as the collector's own server does."""

    def __init__(self, routes: Sequence[Route], headers: dict[str, str] | None = None) -> None:
        self._routes = routes
        self._more = headers or {}
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = outer.answer(self.command, self.path, headers, body)
                assert isinstance(answer.body, bytes)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> HttpAnswer:
        answer = self._answer(method, path.partition("?")[0], {**headers, **self._more}, body)
        self.answers.append(answer.status)
        return answer

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        for route in self._routes:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
            match = re.fullmatch(pattern, path)
            if match is None or route.method != method:
                continue
            try:
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if len(body) > route.body_limit:
                    raise TooLarge("The body is too large.")
                request = HttpRequest(
                    method, path, headers=headers, body=body, parameters=match.groupdict()
                )
                return asyncio.run(route.handle(request))
            except ModelyardError as error:
                status = {Unauthenticated: 401, TooLarge: 413}.get(type(error), 400)
                return HttpAnswer(status, body=error.message.encode())
        return HttpAnswer(404)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

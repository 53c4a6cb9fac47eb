"""The client against a real socket server that answers as it is told."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modelyard.domain.errors import BadInput, Conflict, Unavailable
from modelyard.sdk.client import Client, path
from modelyard.sdk.downloads import download_blob
from modelyard.wire.tokens import Token, TokenRequest

MB = 1024 * 1024


class Told(ThreadingHTTPServer):
    """Answers with what lies in ``answers``, in order, and keeps what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def tell(self, status: int, body: object = "", **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, data, headers))


class Handler(BaseHTTPRequestHandler):
    server: Told

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        status, body, headers = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("Length", str(len(body))))
        self.end_headers()
        self.wfile.write(body)
        if "Length" in headers:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815 - names of the base class

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def told() -> Iterator[Told]:
    server = Told()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(told: Told) -> Iterator[Client]:
    made = Client(told.url, "secret")
    yield made
    made.close()


TOKEN = {"id": "t", "name": "n", "role": "owner", "created": "2026-01-01T00:00:00Z"}


def test_the_token_goes_with_every_call_and_paths_are_quoted(told: Told, client: Client) -> None:
    told.tell(200, TOKEN)

    client.get(path("tokens", "a/b c"), Token)

    method, asked, headers = told.asked[0]
    assert (method, asked) == ("GET", "/api/v1/tokens/a%2Fb%20c")
    assert headers["Authorization"] == "Bearer secret"


def test_a_get_is_tried_again_while_the_server_restarts(told: Told, client: Client) -> None:
    told.tell(503, {"code": "unavailable", "message": "restarting"})
    told.tell(502, b"bad gateway")
    told.tell(200, TOKEN)

    assert client.get("/tokens/t", Token).name == "n"


def test_a_post_that_was_sent_is_never_tried_again(told: Told, client: Client) -> None:
    told.tell(503, {"code": "unavailable", "message": "restarting"})

    with pytest.raises(Unavailable, match="restarting"):
        client.send("POST", "/tokens", TokenRequest(name="n"), Token)

    assert len(told.asked) == 1


def test_an_error_comes_back_in_its_class_with_details(told: Told, client: Client) -> None:
    told.tell(409, {"code": "conflict", "message": "no", "request_id": "r1", "details": {"a": 1}})

    with pytest.raises(Conflict) as raised:
        client.get("/tokens", Token)

    assert raised.value.details == {"a": 1, "status": 409, "request_id": "r1"}


def test_all_pages_of_a_list_are_read(told: Told, client: Client) -> None:
    told.tell(200, {"items": [TOKEN], "next": "c1"})
    told.tell(200, {"items": [TOKEN], "next": None})

    assert len(list(client.items("/tokens", Token, {"x": None, "latest": True}))) == 2
    assert told.asked[0][1] == "/api/v1/tokens?latest=true"
    assert told.asked[1][1] == "/api/v1/tokens?latest=true&cursor=c1"


def test_nobody_there_is_a_sentence_that_says_how_to_start_it() -> None:
    with pytest.raises(Unavailable, match="modelyard up"):
        Client("http://127.0.0.1:9", attempts=1).request("GET", "/health")


def test_an_interrupted_download_goes_on_where_it_ended(
    told: Told, client: Client, tmp_path: Path
) -> None:
    content = b"x" * (3 * MB)
    digest = hashlib.sha256(content).hexdigest()
    told.tell(200, content[: 2 * MB + 9], Length=str(3 * MB))
    told.tell(206, content[2 * MB :])

    download_blob(client, digest, tmp_path / "abc")

    assert (tmp_path / "abc").read_bytes() == content
    assert told.asked[1][2]["Range"] == f"bytes={2 * MB}-"
    assert [p.name for p in tmp_path.iterdir()] == ["abc"]


def test_bytes_that_are_not_what_was_stored_are_never_kept(
    told: Told, client: Client, tmp_path: Path
) -> None:
    for _ in range(4):
        told.tell(200, b"other")

    with pytest.raises(BadInput, match="not what was stored"):
        download_blob(client, "0" * 64, tmp_path / "abc")

    assert list(tmp_path.iterdir()) == []

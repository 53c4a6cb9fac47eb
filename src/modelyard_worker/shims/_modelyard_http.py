"""The server's REST API over ``urllib.request``, for jobs in which nothing is installed."""

from __future__ import annotations

import hashlib
import json
import os
import time
import urllib.error
import urllib.request
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import quote, urlencode

from azureml.exceptions import RunEnvironmentException, UserErrorException

PIECE = 8 * 1024 * 1024
PATIENCE = 120.0
"""Seconds that a call waits for a server that is away."""

_PASSING = (502, 503, 504)
_SAFE = ("GET", "HEAD", "PUT")


class Answer(NamedTuple):
    """A status, headers and a body read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """One Modelyard server. Calls that may be repeated are tried again while it restarts."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token
        # a proxy of the environment is not for the server of this machine
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def from_environment(cls) -> Server:
        """MODELYARD_URL and MODELYARD_TOKEN; raises RunEnvironmentException without them."""
        url, token = os.environ.get("MODELYARD_URL"), os.environ.get("MODELYARD_TOKEN")
        if not url or not token:
            raise RunEnvironmentException(
                "MODELYARD_URL and MODELYARD_TOKEN are not set, so the run cannot be reached. "
                "Start the script with experiment.submit(ScriptRunConfig(...))."
            )
        return cls(url, token)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at ``path``."""
        chosen = {key: value for key, value in query.items() if value is not None}
        target = path + ("?" + urlencode(chosen) if chosen else "")
        return json.loads(self.request("GET", target).body.decode("utf-8"))

    def items(self, path: str, **query: Any) -> Iterator[Any]:
        """All items of a list, page by page."""
        cursor: Optional[str] = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            for item in page["items"]:
                yield item
            cursor = page.get("next")
            if cursor is None:
                return

    def send(self, method: str, path: str, value: Any, patience: float = PATIENCE) -> Any:
        """Send JSON; the JSON that comes back, or None."""
        headers = {"Content-Type": "application/json"}
        data = json.dumps(value).encode("utf-8")
        body = self.request(method, path, data, headers, patience=patience).body
        return json.loads(body.decode("utf-8")) if body.strip() else None

    def request(
        self,
        method: str,
        path: str,
        body: Optional[bytes] = None,
        headers: Optional[Mapping[str, str]] = None,
        accept: Tuple[int, ...] = (),
        patience: float = PATIENCE,
    ) -> Answer:
        """
        The answer. Raises UserErrorException with the server's own sentence; its ``away`` says
        that the server could not be reached for ``patience`` seconds.

        A POST is tried again only when nobody has taken it: nothing listens, or the gateway says
        that nothing does.
        """
        deadline = time.monotonic() + patience
        pause = 0.1
        while True:
            last = time.monotonic() >= deadline
            try:
                answer = self._ask(method, path, body, headers or {})
            except OSError as error:
                if last or not (method in _SAFE or _refused(error)):
                    raise self._away(error) from None
            else:
                away = answer.status == 503 or (method in _SAFE and answer.status in _PASSING)
                if last or not away:
                    return self._checked(answer, accept)
            time.sleep(pause)
            pause = min(2.0, pause * 2)

    def _ask(
        self, method: str, path: str, body: Optional[bytes], headers: Mapping[str, str]
    ) -> Answer:
        request = urllib.request.Request(self.url + "/api/v1" + path, data=body, method=method)
        request.add_header("Authorization", "Bearer " + self._token)
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with self._opener.open(request, timeout=300) as found:
                return Answer(found.status, dict(found.headers), found.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def _checked(self, answer: Answer, accept: Tuple[int, ...]) -> Answer:
        if answer.status < 400 or answer.status in accept:
            return answer
        try:
            problem: Dict[str, Any] = json.loads(answer.body.decode("utf-8"))
            message, code = str(problem["message"]), str(problem["code"])
        except (ValueError, KeyError, TypeError):
            message, code = "The server answered %d." % answer.status, "error"
        raised = UserErrorException(message)
        raised.code = code  # type: ignore[attr-defined]
        raised.away = answer.status in _PASSING  # type: ignore[attr-defined]
        raise raised

    def _away(self, error: OSError) -> UserErrorException:
        raised = UserErrorException(
            "The Modelyard server at %s does not answer: %s." % (self.url, error)
        )
        raised.away = True  # type: ignore[attr-defined]
        return raised


def _refused(error: OSError) -> bool:
    reason = getattr(error, "reason", error)
    return isinstance(reason, ConnectionRefusedError)


def at(*parts: object) -> str:
    """A path of the API, every part quoted."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def upload(server: Server, file: str) -> Tuple[str, int]:
    """Send a file unless it is there: its SHA-256 and size. Goes on where a try had ended."""
    digest, size = digest_of(file)
    known = server.request("HEAD", at("blobs", digest), accept=(404,))
    if known.status == 200:
        return digest, size
    offset = int(_header(known.headers, "Upload-Offset") or 0)
    with open(file, "rb") as stream:
        while True:
            stream.seek(offset)
            piece = stream.read(PIECE)
            headers = {
                "Content-Type": "application/octet-stream",
                "Upload-Offset": str(offset),
                "Upload-Length": str(size),
            }
            server.request("PUT", at("blobs", digest), piece, headers)
            offset += len(piece)
            if offset >= size or not piece:
                return digest, size


def download(server: Server, digest: str, target: str) -> None:
    """Write one file, whole or not at all."""
    body = server.request("GET", at("blobs", digest)).body
    if hashlib.sha256(body).hexdigest() != digest:
        raise UserErrorException("What the server sends for %s is not what was stored." % target)
    folder = os.path.dirname(target)
    if folder:
        os.makedirs(folder, exist_ok=True)
    part = target + ".part"
    with open(part, "wb") as stream:
        stream.write(body)
    os.replace(part, target)


def digest_of(file: str) -> Tuple[str, int]:
    """SHA-256 and size of a file."""
    digest, size = hashlib.sha256(), 0
    with open(file, "rb") as stream:
        while True:
            piece = stream.read(1024 * 1024)
            if not piece:
                return digest.hexdigest(), size
            digest.update(piece)
            size += len(piece)


def files_below(folder: str) -> List[Tuple[str, str]]:
    """'/'-separated relative paths and places of the files below a folder."""
    found = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            place = os.path.join(root, name)
            found.append((os.path.relpath(place, folder).replace(os.sep, "/"), place))
    return found


def _header(headers: Mapping[str, str], name: str) -> Optional[str]:
    lowered = {key.lower(): value for key, value in headers.items()}
    return lowered.get(name.lower())

"""The HTTP client: token, base URL, retries, and the server's errors raised again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util.retry import Retry

from modelyard.domain.errors import BY_CODE, ModelyardError, NotFound, Unavailable
from modelyard.wire.base import Page
from modelyard.wire.errors import Problem

T = TypeVar("T")

_SAFE = frozenset({"GET", "HEAD", "PUT"})
_PASSING = (502, 503, 504)
_BY_STATUS = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict",
              413: "too_large", 429: "unavailable", 502: "unavailable", 503: "unavailable",
              504: "timeout", 507: "disk_full"}  # fmt: skip


class Response(Protocol):
    """What is used of urllib3's answer."""

    status: int

    @property
    def data(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


def path(*parts: object) -> str:
    """A path of the API, every part quoted."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def error_of(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> ModelyardError:
    """The error that an answer means, in its own class; from its status when it has no code."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, msgspec.ValidationError):
        text = body[:500].decode(errors="replace").strip()
        problem = Problem(code="", message=f"The server answered {status}: {text or 'nothing'}")
    kind = BY_CODE.get(problem.code) or BY_CODE.get(_BY_STATUS.get(status, ""), ModelyardError)
    request_id = problem.request_id or (headers or {}).get("X-Request-Id", "")
    details = {**problem.details, "status": status}
    if request_id:
        details["request_id"] = request_id
    return kind(problem.message, details=details)


class Client:
    """
    Speaks to one server. May be used from several threads.

    Calls that may be repeated are tried again when the connection fails or the server is just
    being restarted; a POST only when it was never sent.
    """

    def __init__(self, url: str, token: str | None = None, *, attempts: int = 8) -> None:
        self.url = url.rstrip("/")
        self.token = token
        retries = Retry(
            total=attempts,
            connect=attempts,
            read=min(3, attempts),
            status=attempts,
            redirect=0,
            allowed_methods=_SAFE,
            status_forcelist=_PASSING,
            backoff_factor=0.1,
            backoff_max=2,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        self._pool = urllib3.PoolManager(
            maxsize=8, retries=retries, timeout=urllib3.Timeout(connect=10, read=300)
        )

    def request(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Response:
        """
        The answer to ``method`` on ``target`` (below /api/v1), read whole.

        Raises the error that the answer means, unless its status is one of ``accept``.
        """
        with _connection_errors(self.url):
            answer = self._pool.request(
                method, self._address(target, query), body=body, headers=self._headers(headers)
            )
        if answer.status >= 400 and answer.status not in accept:
            raise error_of(answer.status, answer.data, answer.headers)
        return answer

    @contextmanager
    def stream(
        self,
        target: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer to a GET, its body still to be read. Raises like ``request``."""
        with _connection_errors(self.url):
            answer = self._pool.request(
                "GET", self._address(target, query), headers=self._headers(headers),
                preload_content=False,
            )  # fmt: skip
            try:
                if answer.status >= 400 and answer.status not in accept:
                    raise error_of(answer.status, answer.read(), answer.headers)
                yield answer
            finally:
                # a body not read to its end must not go back to the pool
                answer.close()
                answer.release_conn()

    def get(self, target: str, kind: type[T], query: Mapping[str, Any] | None = None) -> T:
        """The value at ``target``."""
        return self._decode(self.request("GET", target, query=query).data, kind)

    def find(self, target: str, kind: type[T], query: Mapping[str, Any] | None = None) -> T | None:
        """The value at ``target``, or None when there is nothing."""
        try:
            return self.get(target, kind, query)
        except NotFound:
            return None

    def send(self, method: str, target: str, value: msgspec.Struct | None, kind: type[T]) -> T:
        """Send a value as JSON; the value that comes back."""
        return self._decode(self._send(method, target, value).data, kind)

    def tell(self, method: str, target: str, value: msgspec.Struct | None = None) -> None:
        """Send a value (or nothing) and expect nothing back."""
        self._send(method, target, value)

    def items(
        self, target: str, kind: type[T], query: Mapping[str, Any] | None = None
    ) -> Iterator[T]:
        """All items of a list, page by page."""
        asked = dict(query or {})
        while True:
            page = self.get(target, Page[kind], asked)  # type: ignore[valid-type]
            yield from page.items
            if page.next is None:
                return
            asked["cursor"] = page.next

    def close(self) -> None:
        """Give the connections back. Repeatable."""
        self._pool.clear()

    def _send(self, method: str, target: str, value: msgspec.Struct | None) -> Response:
        body = None if value is None else msgspec.json.encode(value)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return self.request(method, target, body=body, headers=headers)

    def _address(self, target: str, query: Mapping[str, Any] | None) -> str:
        pairs = {k: v for k, v in (query or {}).items() if v is not None}
        text = urlencode({k: _text(v) for k, v in pairs.items()}, doseq=True)
        return f"{self.url}/api/v1{target}" + (f"?{text}" if text else "")

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "modelyard-sdk", **(more or {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def _decode(self, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ModelyardError(
                f"The answer of {self.url} could not be understood ({error}). "
                "Is it a Modelyard server of about this release?"
            ) from error


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


@contextmanager
def _connection_errors(url: str) -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        raise Unavailable(
            f"The Modelyard server at {url} does not answer ({cause}). "
            "Start it with 'modelyard up', or set MODELYARD_URL to one that runs."
        ) from error

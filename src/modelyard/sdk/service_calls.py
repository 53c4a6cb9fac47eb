"""Calling a service: requests, keys, logs, waiting for it."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, overload

from modelyard.sdk import scoring, service_waiting
from modelyard.sdk.access_tokens import AksServiceAccessToken
from modelyard.sdk.client import Response, path
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.inputs import Inputs
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.sdk.telemetry import Moment, line_text, lines, points, told
from modelyard.wire import services as wire
from modelyard.wire.endpoints import AccessToken
from modelyard.wire.telemetry import ServicePoint

# a new key is at the gateway a moment after the server has given it out
_NEW_KEY_PAUSES = (0.0, 0.1, 0.3, 1.0)


class CallsService(ServiceFacts):
    """What callers of a service need."""

    _label = "Native"
    last_request_id = ""
    """The id of the last request that ``run()`` sent; feedback and telemetry know it by that."""

    # --- waiting and logs

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """
        Wait until it is healthy.

        Raises ``WebserviceException`` with the cause when it failed: type, message, file, line,
        traceback, the last lines of the log.
        """
        self._facts = service_waiting.wait(
            self._read, self._label, show_output=show_output, timeout=timeout_sec
        )

    def update_deployment_state(self) -> None:
        """Read anew what the server knows."""
        self._read()

    @overload
    def get_logs(
        self, num_lines: int = 5000, init: bool = False, *, since: Moment | None = None,
        level: str | None = None, request_id: str | None = None, version: str | None = None,
    ) -> str: ...  # fmt: skip

    @overload
    def get_logs(
        self, num_lines: int = 5000, init: bool = False, *, since: Moment | None = None,
        level: str | None = None, request_id: str | None = None, version: str | None = None,
        follow: Literal[True],
    ) -> Iterator[str]: ...  # fmt: skip

    def get_logs(
        self,
        num_lines: int = 5000,
        init: bool = False,
        *,
        since: Moment | None = None,
        level: str | None = None,
        request_id: str | None = None,
        version: str | None = None,
        follow: bool = False,
    ) -> str | Iterator[str]:
        """
        The last lines that the scoring script and its workers wrote.

        Asked for those ``since`` ('1h', a timedelta, a datetime), of at least a ``level`` like
        'WARNING', of one request or one version, it is told from telemetry: each line with its
        time and level. With ``follow`` it gives an iterator over these and all that come.
        """
        del init
        asked = {"level": level, "request_id": request_id, "version": version}
        asked |= {
            "since": None if since is None else told(since),
            "follow": "true" if follow else None,
        }
        query = {name: value for name, value in asked.items() if value is not None}
        if query:
            told_lines = self._lines({"num_lines": num_lines, **query})
            return told_lines if follow else "\n".join(told_lines)
        with raised_as(WebserviceException):
            found = self._client.get(f"{self._path}/logs", wire.Logs, {"lines": num_lines})
        return "\n".join(found.lines)

    def _lines(self, query: Mapping[str, Any]) -> Iterator[str]:
        with raised_as(WebserviceException):
            for line in lines(self._client, self.workspace.name, self.name, query):
                yield line_text(line)

    @property
    def inputs(self) -> Inputs:
        """The inputs and outputs that were collected (``collect_model_data=True``)."""
        return Inputs(self._client, self.workspace.name, self.name)

    def metrics(
        self,
        since: Moment = "1h",
        until: Moment | None = None,
        by: str = "1m",
        version: str | None = None,
    ) -> list[ServicePoint]:
        """
        What its versions did over time: one point for each version and span ``by``, oldest first.

        Each has ``time``, ``version``, ``requests``, ``rate`` (per second), ``errors``,
        ``error_rate``, ``p50``/``p95``/``p99`` and ``queue_p95`` (milliseconds), ``busy`` (workers
        at work) and ``utilization`` (their share).
        """
        asked = {"since": told(since), "by": by, "version": version}
        asked["until"] = None if until is None else told(until)
        query = {name: value for name, value in asked.items() if value is not None}
        with raised_as(WebserviceException):
            return points(self._client, self.workspace.name, self.name, query)

    def diff(
        self,
        other: "str | ServiceFacts",
        revision: int | None = None,
        other_revision: int | None = None,
    ) -> wire.SchemaDiff:
        """
        What callers of this service would notice of the other (one of the same workspace, also
        itself with another revision): ``breaking`` and ``safe`` changes, each ``path`` and
        ``text``.
        """
        name = other if isinstance(other, str) else other.name
        asked = {"revision": revision, "other_revision": other_revision}
        query = {key: value for key, value in asked.items() if value is not None}
        with raised_as(WebserviceException):
            return self._client.get(f"{self._path}/{path('diff', name)}", wire.SchemaDiff, query)

    # --- calling

    def run(self, input_data: Any) -> Any:
        """
        Send a request; the answer's JSON. ``input_data`` is sent as it is, a dict or list as JSON.

        Raises ``WebserviceException`` for any status but 200.
        """
        return self._scored(input_data)

    score = run

    def _scored(self, input_data: Any, version: str = "") -> Any:
        body = body_of(input_data)
        with raised_as(WebserviceException):
            answer = scoring.score(self.scoring_uri, body, self._key(), version=version)
            for pause in _NEW_KEY_PAUSES if self._facts.auth != "off" else ():
                if answer.status != 401:
                    break
                time.sleep(pause)  # noqa: TID251 - until the gateway has the key
                key = self._key(again=True)
                answer = scoring.score(self.scoring_uri, body, key, version=version)
        self.last_request_id = answer.headers.get("x-ms-request-id", "")
        return _answer(answer)

    # --- keys

    def get_keys(self) -> tuple[str, str]:
        """The two keys. Raises ``WebserviceException`` when the service has none."""
        with raised_as(WebserviceException):
            found = self._client.get(f"{self._path}/keys", wire.Keys)
        return found.primary, found.secondary

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """Make a new key, or set one; ``key`` is Primary or Secondary."""
        if key not in {"Primary", "Secondary"}:
            raise WebserviceException(f"key must be 'Primary' or 'Secondary', not {key!r}.")
        with raised_as(WebserviceException):
            change = wire.KeyChange(key=key, value=set_key)
            self._client.send("POST", f"{self._path}/keys", change, wire.Keys)
        self.__dict__.pop("_scoring_key", None)

    def get_access_token(self) -> AksServiceAccessToken:
        """
        A token that opens the service, and when to ask for the next. Raises
        ``WebserviceException`` unless the service takes tokens (``token_auth_enabled=True``).
        """
        with raised_as(WebserviceException):
            found = self._client.send("POST", f"{self._path}/token", None, AccessToken)
        return AksServiceAccessToken(
            found.access_token, found.token_type, found.refresh_after, found.expiry_on
        )

    def get_token(self) -> tuple[str, datetime]:
        """The token of ``get_access_token`` and when to ask for the next."""
        found = self.get_access_token()
        return found.access_token, found.refresh_after

    def _key(self, *, again: bool = False) -> str | None:
        """What is sent as bearer: the first key, or a token; asked for anew where refused."""
        if self._facts.auth == "off":
            return None
        if again or "_scoring_key" not in self.__dict__:
            asked = self.get_token if self.token_auth_enabled else self.get_keys
            self.__dict__["_scoring_key"] = asked()[0]
        key: str = self.__dict__["_scoring_key"]
        return key


def body_of(data: Any) -> bytes:
    """What is sent: bytes and text as they are, anything else as JSON."""
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if isinstance(data, str):
        return data.encode()
    try:
        return json.dumps(data).encode()
    except TypeError as error:
        raise WebserviceException(
            f"run() takes text, bytes or what JSON can say, not a {type(data).__name__}: {error}."
        ) from error


def _answer(answer: Response) -> Any:
    text = answer.data.decode(errors="replace")
    if answer.status != 200:
        raise WebserviceException(
            "Received bad response from service. More information can be found by calling "
            f"get_logs() on the webservice object.\nResponse Code: {answer.status}\n"
            f"Headers: {dict(answer.headers)}\nContent: {text}",
            status_code=answer.status,
            details={"status": answer.status},
        )
    try:
        return json.loads(text)
    except ValueError:
        return text

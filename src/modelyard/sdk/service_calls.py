"""Calling a service: requests, keys, logs, waiting for it."""

import json
import time
from typing import Any

from modelyard.sdk import scoring, service_waiting
from modelyard.sdk.client import Response, path
from modelyard.sdk.errors import WebserviceException, not_supported, raised_as
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.wire import services as wire

# a new key is at the gateway a moment after the server has given it out
_NEW_KEY_PAUSES = (0.0, 0.1, 0.3, 1.0)


class CallsService(ServiceFacts):
    """What callers of a service need."""

    _label = "Native"

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

    def get_logs(self, num_lines: int = 5000, init: bool = False) -> str:
        """The last lines that the scoring script and its workers wrote."""
        del init
        with raised_as(WebserviceException):
            found = self._client.get(f"{self._path}/logs", wire.Logs, {"lines": num_lines})
        return "\n".join(found.lines)

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
        body = body_of(input_data)
        with raised_as(WebserviceException):
            answer = scoring.score(self.scoring_uri, body, self._key())
            for pause in _NEW_KEY_PAUSES if self.auth_enabled else ():
                if answer.status != 401:
                    break
                time.sleep(pause)  # noqa: TID251 - until the gateway has the key
                answer = scoring.score(self.scoring_uri, body, self._key(again=True))
        return _answer(answer)

    score = run

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

    def get_token(self) -> Any:
        raise not_supported("Token authentication of a service", "Use get_keys().")

    def get_access_token(self) -> Any:
        raise not_supported("Token authentication of a service", "Use get_keys().")

    def _key(self, *, again: bool = False) -> str | None:
        if not self.auth_enabled:
            return None
        if again or "_scoring_key" not in self.__dict__:
            self.__dict__["_scoring_key"] = self.get_keys()[0]
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

"""Asks the collector, over its own socket, what came to two versions of a service."""

from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import msgspec

from modelyard.bootstrap.unix_http import UnixConnection
from modelyard.domain.errors import Unavailable
from modelyard.domain.measuring import Measured, Question
from modelyard.wire.errors import Problem

SECONDS = 30.0
"""Patience: ten million requests take two seconds, by users ten, on a busy machine more."""

_HEADERS = {
    "content-type": "application/json",
    # the gateway takes this away from whoever else says so
    "x-modelyard-role": "control",
}
_WAY_OUT = "Traffic stays as it is; 'modelyard status' tells how the collector is."


class CollectorMeasurements:
    """``Measurements`` of the collector that listens at ``path``; for all threads."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        self._path = path
        self._seconds = seconds

    def measure(self, question: Question) -> Measured:
        """Raises Unavailable while telemetry cannot be asked, or answers what is none."""
        where = f"{quote(question.workspace, safe='')}/{quote(question.service, safe='')}"
        target = f"/api/v1/telemetry/services/{where}/measure"
        status, body = self._post(target, msgspec.json.encode(question))
        try:
            if status == 200:
                return msgspec.json.decode(body, type=Measured)
            said = msgspec.json.decode(body, type=Problem).message
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unavailable(
                f"The collector answered {status} with what is no answer."
            ) from error
        raise Unavailable(f"Telemetry cannot be measured: {said}")

    def _post(self, target: str, body: bytes) -> tuple[int, bytes]:
        connection = UnixConnection(self._path, self._seconds)
        try:
            connection.request("POST", target, body, _HEADERS)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            why = "did not answer in time" if isinstance(error, TimeoutError) else str(error)
            raise Unavailable(f"The collector cannot be asked: {why}. {_WAY_OUT}") from error
        finally:
            connection.close()

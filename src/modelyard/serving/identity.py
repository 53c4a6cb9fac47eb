"""The headers that are the front's own: who answers, and to which request."""

import itertools
import re
import uuid
from collections.abc import Collection

from modelyard.serving import cors
from modelyard.serving.exchange import Headers
from modelyard.serving.http_head import lines
from modelyard.serving.http_request import Incoming
from modelyard.serving.refusals import Refusal

_CLIENT_ID_LIMIT = 100
_ID = re.compile(rb"[!-~]{1,100}").fullmatch
_PRINTABLE = re.compile(r"[ -~]*").fullmatch
_CLIENT_ID = b"x-ms-client-request-id"
_OLD_CLIENT_ID = b"x-ms-request-id"
"""What clients sent before there was the other; it comes back under the name of that."""
_TRACE = b"traceid"


class Identity:
    """
    Gives requests their ids and answers their first headers.

    An id that we make is a random beginning of this process and a number: unique, and cheap.
    """

    def __init__(self, version: str, service_version: str, origins: Collection[str]) -> None:
        """``version`` is Modelyard's own."""
        self._origins = origins
        self._fixed = [
            ("server", "modelyard"),
            ("x-ms-server-version", f"modelyard/{version}"),
            ("x-modelyard-version", service_version),
            ("azureml-model-deployment", service_version),
        ]
        self._fixed_lines = lines(self._fixed)
        self._beginning = str(uuid.uuid4())[:24].encode()
        self._numbers = itertools.count(1)

    def identify(self, request: Incoming) -> None:
        """
        Set its id, and whether there are more headers than ``lines`` gives (``extras``).

        Raises the 431 for a client's own id that is too long.
        """
        known = request.known
        given = known.get(b"x-request-id")
        if given is not None and _ID(given):
            request.tag = given
        else:
            request.tag = b"%s%012x" % (self._beginning, next(self._numbers))
        if _CLIENT_ID in known or _OLD_CLIENT_ID in known or _TRACE in known or self._origins:
            request.extras = True
            for name in (_CLIENT_ID, _OLD_CLIENT_ID):
                _check_length(name, known.get(name, b""))

    def given(self, request: Incoming) -> bool:
        """Whether the request came with its id."""
        return request.known.get(b"x-request-id") == request.tag

    def lines(self, request: Incoming) -> bytes:
        """The headers of an answer without extras, as they are sent."""
        id_ = request.tag
        return b"%sx-ms-request-id: %s\r\nx-request-id: %s\r\n" % (self._fixed_lines, id_, id_)

    def headers(self, request: Incoming) -> Headers:
        """All of them."""
        headers = [
            *self._fixed,
            ("x-ms-request-id", request.id),
            ("x-request-id", request.id),
        ]
        known = request.known
        client_id = known.get(_CLIENT_ID) or known.get(_OLD_CLIENT_ID) or b""
        for name, given in ((_CLIENT_ID, client_id), (_TRACE, known.get(_TRACE, b""))):
            value = given.decode("latin-1")
            if value and len(value) <= _CLIENT_ID_LIMIT and _PRINTABLE(value):
                headers.append((name.decode(), value))
        if self._origins:
            headers += cors.headers(request.header("origin"), self._origins)
        return headers


def _check_length(name: bytes, client_id: bytes) -> None:
    if len(client_id) > _CLIENT_ID_LIMIT:
        raise Refusal(
            431,
            "client_request_id_too_long",
            f"{name.decode()} may have {_CLIENT_ID_LIMIT} characters at most.",
        )

"""AMLResponse: an answer that a script makes itself, without Flask."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Union

from modelyard_worker.encoding import encode_json
from modelyard_worker.headers import ResponseHeaders, media_type


class AMLResponse:
    """
    An answer made by run() itself.

    ``message`` is text, bytes or an iterable of them (sent piece by piece); ``json_str`` encodes
    it as JSON first; None is ``{}``.
    """

    def __init__(
        self,
        message: Any,
        status_code: int = 200,
        response_headers: Optional[Dict[str, Any]] = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        self.status_code = status_code
        self.headers = ResponseHeaders()
        self.run_function_failed = run_function_failed
        if message is None or json_str:
            self.headers["Content-Type"] = "application/json"
            self.response: Any = encode_json({} if message is None else message)
        else:
            self.headers["Content-Type"] = "text/html; charset=utf-8"
            self.response = message
        for name, value in (response_headers or {}).items():
            self.headers[name] = str(value)

    @property
    def is_streamed(self) -> bool:
        """Whether the body comes piece by piece."""
        return not isinstance(self.response, (str, bytes, bytearray, memoryview))

    def get_data(self, as_text: bool = False) -> Any:
        """The whole body."""
        data = b"".join(_bytes(piece) for piece in self.iter_encoded())
        return data.decode("utf-8", "replace") if as_text else data

    def set_data(self, value: Any) -> None:
        """Replace the body."""
        self.response = value

    data = property(get_data, set_data)

    def iter_encoded(self) -> Any:
        """The pieces of the body."""
        return (
            _bytes(piece) for piece in (self.response if self.is_streamed else [self.response])
        )

    @property
    def content_type(self) -> str:
        """The header Content-Type."""
        return self.headers["Content-Type"]

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    @property
    def mimetype(self) -> str:
        """The content type without its parameters; a text gets its charset when it is set."""
        return media_type(self.content_type)

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        text = value.startswith("text/") and "charset" not in value
        self.content_type = value + "; charset=utf-8" if text else value

    @property
    def status(self) -> str:
        """The status with its phrase, such as ``200 OK``; may be set to a number or to a text."""
        from http import HTTPStatus

        try:
            return "%d %s" % (self.status_code, HTTPStatus(self.status_code).phrase)
        except ValueError:
            return "%d UNKNOWN" % self.status_code

    @status.setter
    def status(self, value: Union[int, str]) -> None:
        self.status_code = int(str(value).split(None, 1)[0])

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: Any = None,
        expires: Any = None,
        path: Optional[str] = "/",
        domain: Optional[str] = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Optional[str] = None,
    ) -> None:
        """One more cookie; ``max_age`` in seconds, ``expires`` a datetime or a time stamp."""
        from modelyard_worker.cookies import cookie

        self.headers.add(
            "Set-Cookie",
            cookie(key, value, max_age, expires, path, domain, secure, httponly, samesite),
        )

    def delete_cookie(
        self, key: str, path: Optional[str] = "/", domain: Optional[str] = None
    ) -> None:
        """Have the client forget a cookie."""
        self.set_cookie(key, max_age=0, expires=0, path=path, domain=domain)

    @property
    def json(self) -> Any:
        """The body parsed as JSON."""
        return json.loads(self.get_data())


def _bytes(piece: Any) -> bytes:
    return piece.encode("utf-8") if isinstance(piece, str) else bytes(piece)

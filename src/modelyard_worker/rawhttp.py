"""
``@rawhttp`` and AMLRequest: scripts that speak HTTP themselves.

Azure's are Flask's classes; these offer what scripts use of them, without Flask.
"""

from __future__ import annotations

import io
import json
from typing import Any, Callable, Dict, Optional, Tuple, TypeVar

from modelyard_worker.errors import BadInput, Refused
from modelyard_worker.headers import Headers, MultiDict, Pairs, is_json, media_type, parse_query

Run = TypeVar("Run", bound=Callable[..., Any])

_raw = False


def rawhttp(func: Run) -> Run:
    """run() gets the HTTP request itself instead of its body."""
    global _raw  # Azure's meaning too: anywhere in the script will do
    _raw = True
    return func


def is_raw() -> bool:
    """Whether the script has used ``@rawhttp``."""
    return _raw


class AMLRequest:
    """The request as run() gets it under ``@rawhttp``; the names are those of Flask's request."""

    def __init__(
        self,
        method: str = "POST",
        path: str = "/score",
        query: str = "",
        headers: Pairs = (),
        body: bytes = b"",
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query.encode("utf-8", "surrogateescape")
        self.headers = Headers(headers)
        self.data = body
        self._query = query
        self._form: Optional[Tuple[MultiDict, MultiDict]] = None

    def __repr__(self) -> str:
        return "<AMLRequest '%s' [%s]>" % (self.url, self.method)

    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> Any:
        """The body as it came; ``as_text`` decodes it as UTF-8."""
        del cache, parse_form_data
        return self.data.decode("utf-8", "replace") if as_text else self.data

    @property
    def stream(self) -> io.BytesIO:
        """The body as a file."""
        return io.BytesIO(self.data)

    @property
    def args(self) -> MultiDict:
        """The query's parameters."""
        return parse_query(self._query)

    @property
    def form(self) -> MultiDict:
        """The fields of a form body."""
        return self._parsed_form()[0]

    @property
    def files(self) -> MultiDict:
        """The files of a multipart body."""
        return self._parsed_form()[1]

    @property
    def values(self) -> MultiDict:
        """The query's parameters and the form's fields."""
        both = [*self.args.lists(), *self.form.lists()]
        return MultiDict((name, value) for name, values in both for value in values)

    def _parsed_form(self) -> Tuple[MultiDict, MultiDict]:
        if self._form is None:
            from modelyard_worker.multipart import parse_form  # only forms need the e-mail parser

            self._form = parse_form(self.content_type or "", self.data)
        return self._form

    @property
    def json(self) -> Any:
        """The body parsed as JSON; its content type must say so."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body parsed as JSON; a body that is none is answered with 4xx, or None if silent."""
        del cache
        if not (force or self.is_json):
            if silent:
                return None
            raise Refused(415, "Expects Content-Type to be application/json")
        try:
            return json.loads(self.data)
        except ValueError as error:
            if silent:
                return None
            raise BadInput("The body could not be decoded as JSON: %s" % error) from None

    @property
    def is_json(self) -> bool:
        """Whether the content type is JSON."""
        return is_json(self.content_type)

    @property
    def content_type(self) -> Optional[str]:
        """The header Content-Type."""
        value: Optional[str] = self.headers.get("Content-Type")
        return value

    @property
    def mimetype(self) -> str:
        """The content type without its parameters."""
        return media_type(self.content_type)

    @property
    def content_length(self) -> int:
        """The size of the body in bytes."""
        return len(self.data)

    @property
    def cookies(self) -> Dict[str, str]:
        """The cookies by name."""
        pairs = (part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    @property
    def scheme(self) -> str:
        """http or https, as the client spoke."""
        return str(self.headers.get("X-Forwarded-Proto", "http"))

    @property
    def host(self) -> str:
        """The host that the client asked for."""
        return str(self.headers.get("Host", "localhost"))

    @property
    def remote_addr(self) -> Optional[str]:
        """The client's address."""
        forwarded = self.headers.get("X-Forwarded-For", "")
        return forwarded.split(",", 1)[0].strip() or None

    @property
    def base_url(self) -> str:
        """The address without the query."""
        return "%s://%s%s" % (self.scheme, self.host, self.path)

    @property
    def url(self) -> str:
        """The whole address."""
        return self.base_url + ("?" + self._query if self._query else "")

    @property
    def full_path(self) -> str:
        """Path and query."""
        return "%s?%s" % (self.path, self._query)

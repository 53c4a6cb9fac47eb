"""Bodies of HTML forms: ``multipart/form-data`` and ``application/x-www-form-urlencoded``."""

from __future__ import annotations

import io
import shutil
from email.message import Message
from email.parser import HeaderParser
from typing import Any, List, Tuple, Union
from urllib.parse import parse_qsl

from modelyard_worker.errors import BadInput
from modelyard_worker.headers import MultiDict, media_type


class UploadedFile:
    """One file of a form: reads like a file, ``save``s like Flask's."""

    def __init__(self, name: str, filename: str, content_type: str, data: bytes) -> None:
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.mimetype = media_type(content_type)
        self.content_length = len(data)
        self.stream = io.BytesIO(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __iter__(self) -> Any:
        return iter(self.stream)

    def save(self, dst: Union[str, Any], buffer_size: int = 16384) -> None:
        """Write the file to a path or an open file."""
        if hasattr(dst, "write"):
            shutil.copyfileobj(self.stream, dst, buffer_size)
            return
        with open(dst, "wb") as target:
            shutil.copyfileobj(self.stream, target, buffer_size)


def parse_form(content_type: str, body: bytes) -> Tuple[MultiDict, MultiDict]:
    """Fields and files of a form; both empty where the body is no form."""
    kind = media_type(content_type)
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return MultiDict(pairs), MultiDict()
    if kind == "multipart/form-data":
        return _parse_multipart(content_type, body)
    return MultiDict(), MultiDict()


def _parse_multipart(content_type: str, body: bytes) -> Tuple[MultiDict, MultiDict]:
    fields: List[Tuple[str, str]] = []
    files: List[Tuple[str, UploadedFile]] = []
    for headers, data in _parts(_boundary(content_type), body):
        name = _parameter(headers, "name")
        filename = _parameter(headers, "filename")
        if filename:
            kind = headers.get("Content-Type", "application/octet-stream")
            files.append((name, UploadedFile(name, filename, kind, data)))
        else:
            fields.append((name, data.decode("utf-8", "replace")))
    return MultiDict(fields), MultiDict(files)


def _parts(boundary: bytes, body: bytes) -> List[Tuple[Message, bytes]]:
    """
    Headers and bytes of each part.

    Cut at the boundary rather than handed to the e-mail parser as a whole, which goes through a
    body line by line: a second for 20 MB of picture.
    """
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise BadInput("The multipart body is cut off or its boundary does not fit.")
    parts = []
    for piece in pieces[1:-1]:
        head, separator, data = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        if not separator:
            raise BadInput("A part of the multipart body has no headers.")
        text = head.lstrip(b"\r\n").decode("utf-8", "replace")  # browsers send names in UTF-8
        parts.append((HeaderParser().parsestr(text), data))
    return parts


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if not boundary:
        raise BadInput("The content type multipart/form-data names no boundary.")
    return boundary.encode("latin-1", "replace")


def _parameter(headers: Message, name: str) -> str:
    value: Any = headers.get_param(name, "", "content-disposition")
    if isinstance(value, tuple):  # RFC 2231: charset, language, text
        return str(value[2])
    return str(value)

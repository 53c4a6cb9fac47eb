"""Bodies that are too big to hold: read from the network piece by piece, and sent so."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

from litestar import Request
from litestar.response import Stream

from modelyard.domain.errors import BadInput, ModelyardError, TooLarge

PIECE = 4 * 1024 * 1024
"""Bytes that are held in memory of one upload."""

_SENT = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(ModelyardError):
    """The first byte asked for lies behind the end."""

    code = "bad_input"


async def pieces(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body in pieces of ``PIECE`` bytes; the last one is shorter and may be empty."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    yield bytes(held)


async def spool(request: Request[Any, Any, Any], folder: Path, limit: int) -> BinaryIO:
    """The body as a nameless file on the disk, at its beginning. Raises TooLarge."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    file: BinaryIO = await asyncio.to_thread(lambda: tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - the caller closes it
    size = 0
    try:
        async for piece in pieces(request):
            size += len(piece)
            if size > limit:
                raise TooLarge(f"The archive is over the limit of {limit} bytes.")
            await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(file.seek, 0)
    except BaseException:
        file.close()
        raise
    return file


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """
    First and last byte of a Range header; None for the whole.

    Several ranges and other units are passed over, as HTTP allows. Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(f"There are only {size} bytes.", details={"size": size})
    return start, end


def send_file(file: BinaryIO, range_header: str | None, etag: str) -> Stream:
    """The bytes of an open file (closed when sent), or the range that was asked for."""
    try:
        size = file.seek(0, 2)
        wanted = byte_range(range_header, size)
        start, end = wanted or (0, size - 1)
        file.seek(start)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Length": str(end - start + 1),
        "Accept-Ranges": "bytes",
        "ETag": f'"{etag}"',
    }
    if wanted is not None:
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return Stream(
        _read(file, end - start + 1),
        status_code=200 if wanted is None else 206,
        headers=headers,
        media_type="application/octet-stream",
    )


async def _read(file: BinaryIO, left: int) -> AsyncIterator[bytes]:
    try:
        while left > 0:
            data = await asyncio.to_thread(file.read, min(_SENT, left))
            if not data:
                raise BadInput("The file became shorter while it was sent.")
            left -= len(data)
            yield data
    finally:
        file.close()

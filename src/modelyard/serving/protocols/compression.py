"""Bodies that travel compressed; the limit counts what they unpack to."""

import zlib

from modelyard.serving.refusals import Refusal, too_large
from modelyard.serving.tensors.fields import unreadable

LEAST = 256
"""Bytes below which an answer is not worth compressing."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_PIECE = 1 << 20
_LEVEL = 1
_TAKEN = {"gzip", "x-gzip", "deflate"}


def inflated(body: bytes, encoding: str | None, limit: int) -> bytes:
    """
    The body unpacked as its Content-Encoding says.

    Raises the 413 as soon as it grows over the limit, the 415 for another encoding, the 400 for
    broken data.
    """
    name = (encoding or "identity").strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in _TAKEN:
        message = f"The content encoding {name} is not taken here; use gzip or deflate."
        raise Refusal(
            415, "unsupported_media_type", message, headers=(("accept-encoding", "gzip, deflate"),)
        )
    try:
        return _inflate(body, _GZIP_OR_ZLIB, limit)
    except zlib.error as error:
        if name != "deflate":
            raise unreadable(f"The body is no {name}: {error}.") from None
    try:
        return _inflate(body, _RAW, limit)  # what some clients call deflate
    except zlib.error as error:
        raise unreadable(f"The body is no {name}: {error}.") from None


def chosen(accept_encoding: str | None) -> str | None:
    """``gzip`` or ``deflate`` where the client asks for it; None for the body as it is."""
    if not accept_encoding:
        return None
    asked = {}
    for part in accept_encoding.split(","):
        name, _, quality = part.partition(";")
        asked[name.strip().lower()] = quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00"}
    return next((name for name in ("gzip", "deflate") if asked.get(name)), None)


def deflated(body: bytes, encoding: str) -> bytes:
    """The body packed."""
    bits = 16 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, bits)
    return packer.compress(body) + packer.flush()


def _inflate(body: bytes, bits: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj(bits)
    pieces: list[bytes] = []
    size = 0
    rest = body
    while True:
        piece = unpacker.decompress(rest, min(_PIECE, limit + 1 - size))
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        rest = unpacker.unconsumed_tail
        if unpacker.eof:
            break
        if not piece and not rest:
            raise zlib.error("it ends too early")
    if unpacker.unused_data:
        raise zlib.error("something follows its end")
    return b"".join(pieces)

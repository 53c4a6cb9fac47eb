"""Sending files: only what the server misses, small ones together, big ones in pieces."""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from modelyard.domain.errors import BadInput, Conflict
from modelyard.domain.manifests import FileEntry
from modelyard.sdk.client import Client, path
from modelyard.sdk.folders import Bundle
from modelyard.sdk.progress import Progress
from modelyard.wire import blobs

PIECE = 8 * 1024 * 1024
"""Bytes of one request of a big file."""

SMALL = 512 * 1024
"""Files up to this size travel together."""

_ASKED_AT_ONCE = 5000


def upload(client: Client, bundle: Bundle, what: str, *, show_output: bool = False) -> str:
    """
    Send a bundle and keep its manifest: the digest that names it.

    May be repeated: what is there already, also the first part of a file, is not sent again.
    """
    send_files(client, bundle, what, show_output=show_output)
    request = blobs.ManifestRequest(
        files=[
            msgspec.convert(e, blobs.FileEntry, from_attributes=True) for e in _entries(bundle)
        ],
        single=bundle.manifest.single,
    )
    return client.send("POST", "/snapshots", request, blobs.Manifest).digest


def send_files(client: Client, bundle: Bundle, what: str, *, show_output: bool = False) -> None:
    """Send the bytes of a bundle that the server misses."""
    sizes = {e.sha256: e.size for e in _entries(bundle)}
    missing = _missing(client, list(sizes))
    with Progress(what, sum(sizes[d] for d in missing), show=show_output) as progress:
        for pack in packs([d for d in missing if sizes[d] <= SMALL], sizes):
            _send_pack(client, pack, bundle, progress)
        for digest in missing:
            if sizes[digest] > SMALL:
                _send_big(client, digest, bundle.sources[digest], sizes[digest], progress)


def packs(digests: Iterable[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    """The digests in groups whose files together are about one piece."""
    pack: list[str] = []
    weight = 0
    for digest in digests:
        if pack and weight + sizes[digest] > PIECE:
            yield pack
            pack, weight = [], 0
        pack.append(digest)
        weight += sizes[digest] + 512
    if pack:
        yield pack


def _entries(bundle: Bundle) -> tuple[FileEntry, ...]:
    return bundle.manifest.files


def _missing(client: Client, digests: Sequence[str]) -> list[str]:
    missing: list[str] = []
    for at in range(0, len(digests), _ASKED_AT_ONCE):
        asked = blobs.Digests(digests=list(digests[at : at + _ASKED_AT_ONCE]))
        missing += client.send("POST", "/blobs/missing", asked, blobs.Missing).missing
    return missing


def _send_pack(client: Client, digests: list[str], bundle: Bundle, progress: Progress) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for digest in digests:
            content = _unchanged(bundle.sources[digest], digest)
            info = tarfile.TarInfo(digest)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
            progress.add(len(content))
    client.request(
        "POST",
        "/blobs/pack",
        body=buffer.getvalue(),
        headers={"Content-Type": "application/x-tar"},
    )


def _unchanged(source: Path, digest: str) -> bytes:
    content = source.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise Conflict(
            f"The file {str(source)!r} changed while it was sent. Try again when nothing writes "
            "to it, or leave it out with a .amlignore file."
        )
    return content


def _send_big(client: Client, digest: str, source: Path, size: int, progress: Progress) -> None:
    offset = _offset(client, digest, size)
    progress.add(offset)
    with source.open("rb") as stream:
        while offset < size:
            stream.seek(offset)
            piece = stream.read(PIECE)
            if not piece:
                raise BadInput(f"The file {str(source)!r} became shorter while it was sent.")
            taken = _send_piece(client, digest, piece, offset, size)
            progress.add(taken - offset)
            offset = taken


def _send_piece(client: Client, digest: str, piece: bytes, offset: int, size: int) -> int:
    headers = {
        "Content-Type": "application/octet-stream",
        "Upload-Offset": str(offset),
        "Upload-Length": str(size),
    }
    try:
        answer = client.request("PUT", path("blobs", digest), body=piece, headers=headers)
    except Conflict:
        # the piece was taken but its answer was lost, or someone else sends the same file
        return _offset(client, digest, size)
    upload_ = msgspec.json.decode(answer.data, type=blobs.Upload)
    return size if upload_.complete else upload_.offset


def _offset(client: Client, digest: str, size: int) -> int:
    """How much of the file the server has."""
    answer = client.request("HEAD", path("blobs", digest), accept=(404,))
    return size if answer.status == 200 else int(answer.headers.get("Upload-Offset", "0"))

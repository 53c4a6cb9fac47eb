"""Routes of files by content, and of folders made of them."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, head, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from modelyard.api.cases import UseCases
from modelyard.api.queries import whole_number
from modelyard.api.streams import pieces, send_file, spool
from modelyard.domain.errors import BadInput, TooLarge
from modelyard.domain.manifests import Manifest
from modelyard.wire import blobs as wire

_MANIFEST_LIMIT = 64 * 1024**2


class BlobRoutes(Controller):
    """``/blobs``."""

    path = "/blobs"
    tags = ["files"]

    @post("/missing", status_code=200, sync_to_thread=True)
    def list_missing(
        self, cases: NamedDependency[UseCases], data: JSONBody[wire.Digests]
    ) -> wire.Missing:
        """Which of these must be uploaded?"""
        return wire.Missing(missing=list(cases.blobs.missing(data.digests)))

    @head("/{sha256:str}", sync_to_thread=True)
    def look(self, cases: NamedDependency[UseCases], sha256: FromPath[str]) -> Response[None]:
        """200 when it is there; 404 with the Upload-Offset where an upload goes on."""
        if cases.blobs.has(sha256):
            return Response(None, status_code=200)
        headers = {"Upload-Offset": str(cases.blobs.upload_size(sha256))}
        return Response(None, status_code=404, headers=headers)

    @get("/{sha256:str}", sync_to_thread=True)
    def download(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        sha256: FromPath[str],
    ) -> Stream:
        """Its bytes; Range is honoured."""
        return send_file(cases.blobs.open(sha256), request.headers.get("Range"), sha256)

    @put("/{sha256:str}", request_max_body_size=None)
    async def upload(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        sha256: FromPath[str],
    ) -> wire.Upload:
        """
        A file or the next part of one: the bytes as body, where they begin in the header
        Upload-Offset (0), the size of the whole file in Upload-Length.
        """
        offset = whole_number("Upload-Offset", request.headers.get("Upload-Offset", ""), 0)
        length = _length(request, offset)
        plan = await asyncio.to_thread(cases.blobs.plan, sha256, offset, length)
        done = await asyncio.to_thread(cases.blobs.has, sha256)
        async for piece in pieces(request):
            if not done and (piece or length == 0):
                offset = await asyncio.to_thread(cases.blobs.append, plan, offset, piece)
        done = done or offset == length
        return wire.Upload(sha256=sha256, offset=length if done else offset, complete=done)

    @post("/pack", request_max_body_size=None, status_code=200)
    async def upload_pack(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
    ) -> dict[str, int]:
        """A tar (gzipped or not) of small files, each named by its digest."""
        with await spool(request, cases.spool_folder, cases.max_upload) as archive:
            return {"stored": await asyncio.to_thread(cases.blobs.put_pack, archive)}


@dataclass
class _SnapshotOperation(Operation):
    """Describes the body, which the handler reads by itself because it comes in two forms."""

    def __post_init__(self) -> None:
        manifest = Schema(type=OpenAPIType.OBJECT)
        archive = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=manifest),
                "application/x-tar": OpenAPIMediaType(schema=archive),
            },
        )


class SnapshotRoutes(Controller):
    """``/snapshots``."""

    path = "/snapshots"
    tags = ["files"]

    @post(request_max_body_size=None, operation_class=_SnapshotOperation)
    async def add_snapshot(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
    ) -> wire.Manifest:
        """Keeps a folder: a manifest of uploaded files (JSON), or all of it (a tar)."""
        kind = request.content_type[0]
        if kind in {"application/x-tar", "application/gzip", "application/x-gzip"}:
            with await spool(request, cases.spool_folder, cases.max_upload) as archive:
                return _wire(await asyncio.to_thread(cases.snapshots.add_tar, archive))
        body = await _small_body(request)
        wanted = msgspec.json.decode(body, type=wire.ManifestRequest)
        return _wire(await asyncio.to_thread(cases.snapshots.add, wanted))

    @get("/{digest:str}", sync_to_thread=True)
    def get_snapshot(
        self, cases: NamedDependency[UseCases], digest: FromPath[str]
    ) -> wire.Manifest:
        """The files of a folder."""
        return _wire(cases.snapshots.get(digest))


def _wire(manifest: Manifest) -> wire.Manifest:
    files = [msgspec.convert(f, wire.FileEntry, from_attributes=True) for f in manifest.files]
    return wire.Manifest(
        digest=manifest.digest, files=files, size=manifest.size, single=manifest.single
    )


def _length(request: Request[Any, Any, Any], offset: int) -> int:
    text = request.headers.get("Upload-Length", "")
    if text:
        return whole_number("Upload-Length", text)
    size = request.headers.get("Content-Length", "")
    if not size:
        raise BadInput("Say in the header Upload-Length how many bytes the whole file has.")
    return offset + whole_number("Content-Length", size)


async def _small_body(request: Request[Any, Any, Any]) -> bytes:
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > _MANIFEST_LIMIT:
            raise TooLarge(f"A manifest may have {_MANIFEST_LIMIT} bytes at most.")
    return bytes(held)

"""Routes of images."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from modelyard.api.cases import UseCases
from modelyard.wire.base import Page
from modelyard.wire.images import Image, ImageChange, ImageRequest


class ImageRoutes(Controller):
    """``/workspaces/{ws}/images``."""

    path = "/workspaces/{ws:str}/images"
    tags = ["images"]

    @get(sync_to_thread=True)
    def list_images(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromQuery[str | None] = None,
    ) -> Page[Image]:
        """Versions, newest first."""
        return Page(items=[cases.images.view(image) for image in cases.images.list(ws, name)])

    @post(sync_to_thread=True)
    def create_image(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[ImageRequest],
    ) -> Image:
        """Keeps a content as the next version of the name; its environment is built."""
        return cases.images.create(ws, data, request.auth.name)

    @get("/{name:str}", sync_to_thread=True)
    def get_latest_image(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Image:
        """The latest version."""
        return cases.images.view(cases.images.get(ws, name))

    @get("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def get_image(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
    ) -> Image:
        """One version."""
        return cases.images.view(cases.images.get(ws, name, version))

    @patch("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def change_image(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
        data: JSONBody[ImageChange],
    ) -> Image:
        """Changes description, tags or properties."""
        return cases.images.change(ws, name, version, data)

    @delete("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def delete_image(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
    ) -> None:
        """Removes a version; services that were deployed from it go on."""
        cases.images.delete(ws, name, version)

    @get("/{name:str}/versions/{version:int}/log", sync_to_thread=True)
    def get_image_log(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
        offset: Annotated[int, QueryParameter(ge=0, lt=2**62)] = 0,
    ) -> Response[bytes]:
        """The build log of its environment from byte ``offset`` on."""
        data, end, build = cases.images.build_log(ws, name, version, offset)
        headers = {"X-Log-Offset": str(end), "X-Build-State": build.state.value}
        return Response(data, headers=headers, media_type="text/plain; charset=utf-8")

"""Routes of models."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post

from modelyard.api.convert import to_page, to_wire
from modelyard.api.queries import pairs
from modelyard.usecases.models import Models
from modelyard.wire.base import Page
from modelyard.wire.models import Model, ModelChange, ModelRequest


class ModelRoutes(Controller):
    """``/workspaces/{ws}/models``."""

    path = "/workspaces/{ws:str}/models"
    tags = ["models"]

    @get(sync_to_thread=True)
    def list_models(
        self,
        models: Models,
        ws: str,
        name: str | None = None,
        tag: list[str] | None = None,
        property: list[str] | None = None,
        run_id: str | None = None,
        framework: str | None = None,
        latest: bool = False,
    ) -> Page[Model]:
        """Versions that fit all filters, newest first; ``tag`` is ``key`` or ``key=value``."""
        found = models.list(
            ws,
            name=name,
            tags=pairs(tag),
            properties=pairs(property),
            run_id=run_id,
            framework=framework,
            latest=latest,
        )
        return to_page(found, Model)

    @post(sync_to_thread=True)
    def register_model(
        self, request: Request[Any, Any, Any], models: Models, ws: str, data: ModelRequest
    ) -> Model:
        """Registers uploaded files as the next version of the name."""
        return to_wire(models.register(ws, data, request.auth.name), Model)

    @get("/{name:str}", sync_to_thread=True)
    def get_latest_model(self, models: Models, ws: str, name: str) -> Model:
        """The latest version."""
        return to_wire(models.get(ws, name), Model)

    @get("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def get_model(self, models: Models, ws: str, name: str, version: int) -> Model:
        """One version."""
        return to_wire(models.get(ws, name, version), Model)

    @patch("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def change_model(
        self, models: Models, ws: str, name: str, version: int, data: ModelChange
    ) -> Model:
        """Changes description, tags, properties or resources."""
        return to_wire(models.change(ws, name, version, data), Model)

    @delete("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def delete_model(self, models: Models, ws: str, name: str, version: int) -> None:
        """Removes a version that no service holds."""
        models.delete(ws, name, version)

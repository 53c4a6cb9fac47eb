"""Routes of models."""

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page, to_wire
from modelyard.api.queries import pairs
from modelyard.wire.base import Page
from modelyard.wire.models import Model, ModelChange, ModelRequest, ModelSamples


class ModelRoutes(Controller):
    """``/workspaces/{ws}/models``."""

    path = "/workspaces/{ws:str}/models"
    tags = ["models"]

    @get(sync_to_thread=True)
    def list_models(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromQuery[str | None] = None,
        tag: FromQuery[list[str] | None] = None,
        property: FromQuery[list[str] | None] = None,
        run_id: FromQuery[str | None] = None,
        framework: FromQuery[str | None] = None,
        latest: FromQuery[bool] = False,
    ) -> Page[Model]:
        """Versions that fit all filters, newest first; ``tag`` is ``key`` or ``key=value``."""
        found = cases.models.list(
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
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[ModelRequest],
    ) -> Model:
        """Registers uploaded files as the next version of the name."""
        return to_wire(cases.models.register(ws, data, request.auth.name), Model)

    @get("/{name:str}", sync_to_thread=True)
    def get_latest_model(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Model:
        """The latest version."""
        return to_wire(cases.models.get(ws, name), Model)

    @get("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def get_model(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
    ) -> Model:
        """One version."""
        return to_wire(cases.models.get(ws, name, version), Model)

    @get("/{name:str}/versions/{version:int}/samples", sync_to_thread=True)
    def get_samples(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
    ) -> ModelSamples:
        """What the version takes and gives: the samples that it was registered with."""
        model = cases.models.get(ws, name, version)
        return msgspec.convert(
            {"input": model.sample_input, "output": model.sample_output}, ModelSamples
        )

    @patch("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def change_model(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
        data: JSONBody[ModelChange],
    ) -> Model:
        """Changes description, tags, properties, resources or samples."""
        return to_wire(cases.models.change(ws, name, version, data), Model)

    @delete("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def delete_model(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
    ) -> None:
        """Removes a version that no service holds."""
        cases.models.delete(ws, name, version)

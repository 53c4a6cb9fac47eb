"""The description of a service in Swagger 2.0 and OpenAPI 3; pure apart from its own overrides."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from modelyard.serving.refusals import Refusal

VERSIONS = {"2": "2", "2.0": "2", "3": "3", "3.0": "3", "3.1": "3.1"}
_SCHEMA_VERSIONS = {"2": "2.0", "3": "3.0", "3.1": "3.1"}
_OVERRIDES = {
    "2": ("swagger.json", "swagger2.json"),
    "3": ("swagger3.json",),
    "3.1": ("swagger3.1.json",),
}
_ANYTHING: Mapping[str, Any] = {"type": "object", "example": {}}
_BEARER = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "description": "For example: Bearer abc123",
}
_FAILURE = "The service failed to execute due to an error."
_HEALTH = {
    "operationId": "ServiceHealthCheck",
    "description": (
        "Simple health check endpoint to ensure the service is up at any given point."
    ),
}
_HEALTHY = (
    "If service is up and running, this response will be returned with the content 'Healthy'"
)
_SCORED = (
    "The service processed the input correctly and provided a result prediction, if applicable."
)
_SCORE: Mapping[str, Any] = {
    "operationId": "RunMLService",
    "description": "Run web service's model and get the prediction output",
    "security": [{"Bearer": []}],
}
_PAYLOAD = "The input payload for executing the real-time machine learning service."
_SPEC = {"operationId": "GetSwaggerSpec", "description": "Get the Swagger specification."}


def version_of(query: str | None) -> str:
    """'2', '3' or '3.1' for what was asked; raises the 404 that lists them."""
    version = VERSIONS.get("2" if query is None else query)
    if version is None:
        raise Refusal(
            404,
            "not_found",
            f"Swagger version [{query}] is not valid. Supported versions: [2, 3, 3.1].",
        )
    return version


def override(app_root: Path, version: str) -> bytes | None:
    """The script author's own file for this version, if it is there and is JSON."""
    for name in _OVERRIDES[version]:
        file = app_root / name
        if file.is_file():
            data = file.read_bytes()
            try:
                msgspec.json.decode(data)
            except msgspec.DecodeError:
                continue
            return data
    return None


def document(
    version: str, service: str, label: str, script: Mapping[str, Any], prefix: str = ""
) -> Mapping[str, Any]:
    """
    The description, from the schemas the worker told.

    ``label`` is the service's version; ``prefix`` comes before every path (SERVICE_PATH_PREFIX).
    """
    given = _schema(script.get("input_schema"), version)
    result = _schema(script.get("output_schema"), version)
    if given is None or result is None:
        known = [v for v, full in _SCHEMA_VERSIONS.items() if full in script["input_schema"]]
        raise Refusal(
            404,
            "not_found",
            f"Swagger version [{version}] is not supported for the scoring script."
            f" Supported swagger versions: [{', '.join(known)}].",
        )
    info = {
        "title": service,
        "description": f"API specification for the Azure Machine Learning service {service}",
        "version": label,
    }
    error = {"type": "object", "properties": {"message": {"type": "string"}}}
    schemas = {"ServiceInput": given, "ServiceOutput": result, "ErrorResponse": error}
    if version == "2":
        found = _swagger_2(info, schemas)
    else:
        found = _openapi_3(info, schemas, "3.0.3" if version == "3" else "3.1.0")
    before = f"/{prefix.strip('/')}" if prefix.strip("/") else ""
    return {**found, "paths": {before + path: at for path, at in found["paths"].items()}}


def _schema(schemas: Any, version: str) -> Any:
    """The schema for this version; None when the script's types cannot be said in it."""
    if not schemas:
        return _ANYTHING
    return schemas.get(_SCHEMA_VERSIONS[version])


def _swagger_2(info: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    def answers(text: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        failure = {"description": _FAILURE, "schema": _ref("definitions", "ErrorResponse")}
        return {"200": {"description": text, "schema": schema, **more}, "default": failure}

    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": _PAYLOAD,
        "schema": _ref("definitions", "ServiceInput"),
    }
    version = {"name": "version", "in": "query", "required": False, "type": "string"}
    text = {"type": "string"}
    examples = {"application/json": "Healthy"}
    scored = answers(_SCORED, _ref("definitions", "ServiceOutput"))
    return {
        "swagger": "2.0",
        "info": info,
        "schemes": ["https", "http"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": _BEARER},
        "paths": {
            "/": {"get": {**_HEALTH, "responses": answers(_HEALTHY, text, examples=examples)}},
            "/score": {"post": {**_SCORE, "parameters": [payload], "responses": scored}},
            "/swagger.json": {
                "get": {
                    **_SPEC,
                    "parameters": [{**version, "enum": list(VERSIONS)}],
                    "responses": answers("The Swagger specification.", {"type": "object"}),
                }
            },
        },
        "definitions": schemas,
    }


def _openapi_3(
    info: Mapping[str, Any], schemas: Mapping[str, Any], version: str
) -> Mapping[str, Any]:
    def content(type_: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {"content": {type_: {"schema": schema}}}

    def answers(text: str, type_: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        error = content("application/json", _ref("components/schemas", "ErrorResponse"))
        return {
            "200": {"description": text, **content(type_, schema)},
            "default": {"description": _FAILURE, **error},
        }

    healthy = {"type": "string", "example": "Healthy"}
    given = content("application/json", _ref("components/schemas", "ServiceInput"))
    output = _ref("components/schemas", "ServiceOutput")
    choice = {"type": "string", "enum": list(VERSIONS)}
    parameter = {"name": "version", "in": "query", "required": False, "schema": choice}
    score = {
        **_SCORE,
        "requestBody": {"description": _PAYLOAD, **given},
        "responses": answers(_SCORED, "application/json", output),
    }
    spec = answers("The Swagger specification.", "application/json", {"type": "object"})
    return {
        "openapi": version,
        "info": info,
        "security": [{"Bearer": []}],
        "paths": {
            "/": {"get": {**_HEALTH, "responses": answers(_HEALTHY, "text/html", healthy)}},
            "/score": {"post": score},
            "/swagger.json": {"get": {**_SPEC, "parameters": [parameter], "responses": spec}},
        },
        "components": {"schemas": schemas, "securitySchemes": {"Bearer": _BEARER}},
    }


def _ref(place: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/{place}/{name}"}

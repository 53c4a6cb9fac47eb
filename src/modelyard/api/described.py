"""The OpenAPI document of the whole address: the control plane's routes and the collector's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.api.described_telemetry import OPERATIONS, Operation
from modelyard.wire.errors import Problem
from modelyard.wire.telemetry import ARROW

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head"})
_REF = "#/components/schemas/{name}"
_PROBLEM: dict[str, Any] = {
    "description": "What went wrong, by a stable code and in a sentence.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def described(document: Mapping[str, Any]) -> dict[str, Any]:
    """
    The framework's document, with the errors as they are and with the routes that the collector
    answers. The original stays as it is. Pure.
    """
    components = dict(document["components"])
    schemas, found = _schemas(OPERATIONS)
    components["schemas"] = {**components.get("schemas", {}), **found}
    paths = {path: _with_errors(item) for path, item in document["paths"].items()}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _written(operation, schemas)
    return {**document, "paths": paths, "components": components}


def _with_errors(item: Mapping[str, Any]) -> dict[str, Any]:
    """Every error has one shape; the framework describes another of its own."""
    return {
        name: {**value, "responses": _responses(value["responses"])} if name in _METHODS else value
        for name, value in item.items()
    }


def _responses(responses: Mapping[str, Any]) -> dict[str, Any]:
    good = {status: value for status, value in responses.items() if int(status) < 400}
    return {**good, "default": _PROBLEM}


def _schemas(operations: Iterable[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """The schema of each type that is taken or given, and those that they refer to, by name."""
    kinds = [kind for o in operations for kind in (*o.takes, o.gives) if kind is not None]
    unique = [Problem, *dict.fromkeys(kinds)]
    found, named = msgspec.json.schema_components(unique, ref_template=_REF)
    return dict(zip(unique, found, strict=True)), named


def _written(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    name = f"{operation.method} {operation.path}".replace("{", "").replace("}", "")
    written: dict[str, Any] = {
        "tags": ["telemetry"],
        "summary": operation.says,
        "operationId": "".join(part.capitalize() for part in name.replace("/", " ").split()),
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _answer(operation, schemas), "default": _PROBLEM},
    }
    if operation.takes:
        taken = [schemas[kind] for kind in operation.takes]
        schema = taken[0] if len(taken) == 1 else {"anyOf": taken}
        body = {"content": {"application/json": {"schema": schema}}, "required": True}
        written["requestBody"] = body
    return written


def _parameters(operation: Operation) -> Sequence[dict[str, Any]]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    in_query = [
        {"name": name, "in": "query", "description": says, "schema": {"type": "string"}}
        for name, says in operation.query.items()
    ]
    return [*in_path, *in_query]


def _answer(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if operation.gives is None:
        return {"description": "Done; nothing is answered."}
    content = {operation.media: {"schema": schemas[operation.gives]}}
    if operation.arrow:
        content[ARROW] = {"schema": {"type": "string", "format": "binary"}}
    return {"description": operation.answers, "content": content}

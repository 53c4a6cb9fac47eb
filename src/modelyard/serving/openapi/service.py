"""The documents of one service: OpenAPI 3.1 for all, 3.0 and Swagger 2.0 for models alone."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.predictors import Signature
from modelyard.serving.openapi import v2
from modelyard.serving.openapi.bodies import Bodies, bodies, either
from modelyard.serving.openapi.errors import ERROR, V2_ERROR, responses
from modelyard.serving.openapi.schemas import Dialect, Sample, Schema, example_array
from modelyard.serving.protocols.content import Kind
from modelyard.serving.protocols.facts import names_of
from modelyard.serving.protocols.script_types import ScriptTypes
from modelyard.serving.refusals import Refusal
from modelyard.serving.swagger import version_of

PLACE = "#/components/schemas/"

_DIALECTS = {"2": Dialect.V2, "3": Dialect.V30, "3.1": Dialect.V31}
_SCORE_ERRORS = (400, 401, 404, 405, 406, 413, 415, 422, 431, 500, 502, 503, 504)
_BINARY = (Kind.NPY, Kind.ARROW, Kind.ARROW_FILE)
_TEXT = {"text/html": {"schema": {"type": "string"}, "example": "Healthy"}}


class Described:
    """Writes the documents; ``version`` is Modelyard's own."""

    def __init__(self, spec: FrontSpec, version: str) -> None:
        self._spec = spec
        self._version = version
        self._names = names_of(spec)

    def document(
        self, version: str | None, facts: Signature | ScriptTypes, hello: Mapping[str, Any]
    ) -> bytes:
        """The JSON for '2', '3' or '3.1'. Raises the 404 for another version."""
        dialect = _DIALECTS[version_of(version)]
        if isinstance(facts, ScriptTypes):
            if dialect is not Dialect.V31:
                message = "This document is OpenAPI 3.1; /swagger.json has the other versions."
                raise Refusal(404, "not_found", message)
        elif dialect is Dialect.V2:
            return msgspec.json.encode(self._swagger_2(facts))
        return msgspec.json.encode(self._openapi(dialect, facts, hello))

    def _openapi(
        self, dialect: Dialect, facts: Signature | ScriptTypes, hello: Mapping[str, Any]
    ) -> dict[str, Any]:
        if isinstance(facts, Signature):
            found = bodies(facts, self._sample, dialect, PLACE)
            score = _score(found, dialect)
            named: dict[str, Any] = dict(found.named)
        else:
            score, named = _script_score(hello), {}
        example = _infer_example(facts, self._sample)
        more = {"x-modelyard": asdict(facts)} if isinstance(facts, Signature) else {}
        spec = self._spec
        names = self._names
        return {
            "openapi": dialect.value,
            **more,
            "info": self._info,
            "servers": [
                {"url": f"/serve/{spec.workspace}/{spec.service}", "description": "The gateway."},
                {"url": "/", "description": "A local service's own port."},
            ],
            "security": [{"bearer": []}, {}],
            "paths": {
                "/": {"get": _health()},
                "/score": score,
                "/openapi.json": {"get": _description("getOpenapi")},
                "/swagger.json": {"get": _description("getSwagger")},
                **v2.paths(names.models, names.versions, example),
            },
            "components": {
                "schemas": {**named, "Error": ERROR, "V2Error": V2_ERROR, **v2.SCHEMAS},
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "One of the service's keys, where it wants one.",
                    }
                },
            },
        }

    def _swagger_2(self, facts: Signature) -> dict[str, Any]:
        """Only what Swagger 2.0 can say: JSON on /score."""
        place = "#/definitions/"
        found = bodies(facts, self._sample, Dialect.V2, place)
        request: Schema = {"$ref": f"{place}ScoreRequest"}
        payload = {"name": "body", "in": "body", "required": True, "schema": request}
        failure = {"description": "An error.", "schema": {"$ref": f"{place}Error"}}
        answer = {"description": "Predictions.", "schema": {"$ref": f"{place}MethodAnswer"}}
        named = {**found.named, "Error": ERROR}
        named["ScoreRequest"] = {**named["ScoreRequest"], "example": found.example}
        return {
            "swagger": "2.0",
            "info": self._info,
            "basePath": f"/serve/{self._spec.workspace}/{self._spec.service}",
            "schemes": ["https", "http"],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "securityDefinitions": {
                "Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}
            },
            "paths": {
                "/": {"get": {"operationId": "getHealth", "produces": ["text/html"],
                              "responses": {"200": {"description": "Healthy."}}}},
                "/score": {
                    "post": {
                        "operationId": "score",
                        "security": [{"Bearer": []}],
                        "parameters": [payload],
                        "responses": {"200": answer, "default": failure},
                    }
                },
            },
            "definitions": named,
        }  # fmt: skip

    @property
    def _info(self) -> dict[str, str]:
        models = ", ".join(f"{m.name} {m.version}" for m in self._spec.models)
        of = f" of {models}" if models else ""
        return {
            "title": self._spec.service,
            "version": self._spec.service_version,
            "description": f"Predictions{of}, served by Modelyard {self._version}.",
        }

    @property
    def _sample(self) -> Sample:
        return self._spec.predictor.sample if self._spec.predictor is not None else ()


def _score(found: Bodies, dialect: Dialect) -> dict[str, Any]:
    request = either(found.requests, dialect, PLACE)
    answer = either(found.answers, dialect, PLACE)
    return {
        "post": {
            "operationId": "score",
            "tags": ["scoring"],
            "summary": "Predict",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": request, "example": found.example},
                    **_binary(dialect),
                },
            },
            "responses": {
                "200": {
                    "description": "What the model gave.",
                    "headers": _run_headers(),
                    "content": {"application/json": {"schema": answer}, **_binary(dialect)},
                },
                **responses(_SCORE_ERRORS, "Error"),
            },
        }
    }


def _script_score(hello: Mapping[str, Any]) -> dict[str, Any]:
    """A script's: typed where it uses inference-schema."""
    given, returned = (_typed(hello.get(f"{name}_schema")) for name in ("input", "output"))
    if given and (needed := hello.get("required")):
        given["required"] = list(needed)
    kind = "*/*" if hello.get("raw") else "application/json"
    content = {kind: {"schema": given}}
    if not hello.get("raw"):
        content |= _binary(Dialect.V31)
    operation = {
        "tags": ["scoring"],
        "summary": "Run the service's script",
        "responses": {
            "200": {
                "description": "What run() gave.",
                "headers": _run_headers(),
                "content": {kind: {"schema": returned}},
            },
            **responses(_SCORE_ERRORS, "Error"),
        },
    }
    body = {"required": bool(hello.get("decorated")), "content": content}
    return {
        "get": {"operationId": "scoreQuery", **operation, "parameters": _in_query(given)},
        "post": {"operationId": "score", **operation, "requestBody": body},
    }


def _in_query(given: Schema) -> list[dict[str, Any]]:
    """A decorated script's parameters in a GET; each is JSON, or a text that is none."""
    needed = given.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": {"type": "string"}}
        for name in given.get("properties", ())
    ]


def _typed(versions: Any) -> Schema:
    """A copy; empty is anything."""
    found = versions.get("3.1") if isinstance(versions, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _binary(dialect: Dialect) -> dict[str, Any]:
    """Bodies that are no JSON; 3.1 says nothing of their content, 3.0 that they are bytes."""
    schema: Schema = {} if dialect is Dialect.V31 else {"type": "string", "format": "binary"}
    return {kind.value: {"schema": schema} for kind in _BINARY}


def _run_headers() -> dict[str, Any]:
    return {
        "x-ms-request-id": {"schema": {"type": "string"}},
        "x-ms-run-function-failed": {"schema": {"type": "string", "enum": ["True", "False"]}},
        "x-ms-run-fn-exec-ms": {"schema": {"type": "string"}},
    }


def _health() -> dict[str, Any]:
    return {
        "operationId": "getHealth",
        "tags": ["health"],
        "summary": "Whether the service takes requests",
        "responses": {
            "200": {"description": "It does.", "content": _TEXT},
            **responses((401, 404, 503), "Error"),
        },
    }


def _description(id_: str) -> dict[str, Any]:
    schema = {"type": "string", "enum": ["2", "2.0", "3", "3.0", "3.1"]}
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": id_,
        "tags": ["description"],
        "summary": "This document",
        "parameters": [{"name": "version", "in": "query", "schema": schema}],
        "responses": {
            "200": {"description": "The document.", "content": content},
            **responses((401, 404, 503), "Error"),
        },
    }


def _infer_example(facts: Signature | ScriptTypes, sample: Sample) -> dict[str, Any]:
    inputs = []
    for spec in facts.inputs:
        example = example_array(spec, sample if len(facts.inputs) > 1 else ())
        shape, flat = _flat(example)
        datatype = spec.datatype or "FP64"
        inputs.append({"name": spec.name, "datatype": datatype, "shape": shape, "data": flat})
    return {"inputs": inputs}


def _flat(nested: Any) -> tuple[list[int], list[Any]]:
    shape: list[int] = []
    level = nested
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    values = [nested]
    for _ in shape:
        values = [value for each in values for value in each]
    return shape, values

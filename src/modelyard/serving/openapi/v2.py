"""The Open Inference Protocol's part of a document."""

from collections.abc import Sequence
from typing import Any

from modelyard.domain.predictors import DATATYPES
from modelyard.serving.openapi.errors import responses
from modelyard.serving.openapi.schemas import Schema

_MODEL = (401, 404)
_INFER = (400, 401, 404, 413, 415, 500, 502, 503, 504)
_BINARY_HEADER = "Inference-Header-Content-Length"

SCHEMAS: dict[str, Schema] = {
    "V2Parameters": {"type": "object", "additionalProperties": True},
    "V2Tensor": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "datatype": {"type": "string", "enum": list(DATATYPES)},
            "shape": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["name", "datatype", "shape"],
    },
    "V2Server": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "version": {"type": "string"},
            "extensions": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name", "version", "extensions"],
    },
    "V2Model": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "versions": {"type": "array", "items": {"type": "string"}},
            "platform": {"type": "string"},
            "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/V2Tensor"}},
            "outputs": {"type": "array", "items": {"$ref": "#/components/schemas/V2Tensor"}},
        },
        "required": ["name", "versions", "platform", "inputs", "outputs"],
    },
    "V2InferInput": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "datatype": {"type": "string", "enum": list(DATATYPES)},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "parameters": {"$ref": "#/components/schemas/V2Parameters"},
            "data": {"type": "array", "items": {}},
        },
        "required": ["name", "datatype", "shape", "data"],
    },
    "V2InferRequest": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": {"$ref": "#/components/schemas/V2Parameters"},
            "inputs": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/V2InferInput"},
                "minItems": 1,
            },
            "outputs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "parameters": {"$ref": "#/components/schemas/V2Parameters"},
                    },
                    "required": ["name"],
                },
            },
        },
        "required": ["inputs"],
    },
    "V2InferAnswer": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "outputs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "datatype": {"type": "string", "enum": list(DATATYPES)},
                        "shape": {"type": "array", "items": {"type": "integer"}},
                        "parameters": {"$ref": "#/components/schemas/V2Parameters"},
                        "data": {"type": "array", "items": {}},
                    },
                    "required": ["name", "datatype", "shape"],
                },
            },
        },
        "required": ["model_name", "model_version", "outputs"],
    },
    "V2Statistics": {
        "type": "object",
        "properties": {"model_stats": {"type": "array", "items": {"type": "object"}}},
        "required": ["model_stats"],
    },
    "V2Index": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in
                           ("name", "version", "state", "reason")},
            "required": ["name", "state"],
        },
    },
}  # fmt: skip


def paths(models: Sequence[str], versions: Sequence[str], example: Any) -> dict[str, Any]:
    """The pages of the protocol."""
    live = _flag("live", "The server answers.")
    found: dict[str, Any] = {
        "/v2": _page("getServerMetadata", "What this server is", "V2Server", (401,)),
        "/v2/health/live": live,
        "/v2/health/ready": _flag("ready", "Whether the service takes requests."),
        "/v2/models/stats": _page("getAllStatistics", "Statistics", "V2Statistics", _MODEL),
        "/v2/repository/index": {
            "post": {
                **_operation("listModels", "The models that are served here", "V2Index", (401,)),
            }
        },
    }
    for versioned in (False, True):
        base = "/v2/models/{model}" + ("/versions/{version}" if versioned else "")
        suffix = "OfVersion" if versioned else ""
        parameters = [_choice("model", models)]
        if versioned:
            parameters.append(_choice("version", versions))
        pages = _pages_of_model(suffix, example)
        for rest, page in pages.items():
            found[base + rest] = {"parameters": parameters, **page}
    return found


def _pages_of_model(suffix: str, example: Any) -> dict[str, Any]:
    return {
        "": _page(
            f"getModelMetadata{suffix}",
            "The model's inputs and outputs",
            "V2Model",
            (*_MODEL, 503),
        ),
        "/ready": _flag(f"modelReady{suffix}", "Whether the model takes requests.", key="ready"),
        "/stats": _page(f"getModelStatistics{suffix}", "Statistics", "V2Statistics", _MODEL),
        "/infer": {"post": _infer(f"infer{suffix}", example)},
    }


def _infer(id_: str, example: Any) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/V2InferRequest"}
    answer = {"$ref": "#/components/schemas/V2InferAnswer"}
    binary = {
        "description": "The size of the JSON that stands before binary tensors.",
        "schema": {"type": "integer"},
    }
    return {
        "operationId": id_,
        "tags": ["open inference protocol"],
        "summary": "Run the model on tensors",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example}},
        },
        "responses": {
            "200": {
                "description": "The outputs.",
                "headers": {_BINARY_HEADER: binary},
                "content": {
                    "application/json": {"schema": answer},
                    "application/octet-stream": {"schema": {}},
                },
            },
            **responses(_INFER, "V2Error"),
        },
    }


def _operation(id_: str, summary: str, schema: str, errors: Sequence[int]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "operationId": id_,
        "tags": ["open inference protocol"],
        "summary": summary,
        "responses": {
            "200": {"description": summary + ".", "content": content},
            **responses(errors, "V2Error"),
        },
    }


def _page(id_: str, summary: str, schema: str, errors: Sequence[int]) -> dict[str, Any]:
    return {"get": _operation(id_, summary, schema, errors)}


def _flag(id_: str, description: str, key: str | None = None) -> dict[str, Any]:
    name = key or id_
    schema = {"type": "object", "properties": {name: {"type": "boolean"}}, "required": [name]}
    content = {"application/json": {"schema": schema}}
    answers: dict[str, Any] = {"200": {"description": description, "content": content}}
    if name == "ready":
        answers["400"] = {"description": "Not ready.", "content": content}
    return {
        "get": {
            "operationId": f"is{id_[0].upper()}{id_[1:]}",
            "tags": ["open inference protocol"],
            "summary": description,
            "responses": {**answers, **responses((401, 404), "V2Error")},
        }
    }


def _choice(name: str, values: Sequence[str]) -> dict[str, Any]:
    schema = {"type": "string", "enum": list(values)}
    return {"name": name, "in": "path", "required": True, "schema": schema}

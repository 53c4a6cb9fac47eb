"""What an endpoint's file may say, and its JSON Schema for editors."""

from typing import Any, Literal

import msgspec

from modelyard.wire.base import Request
from modelyard.wire.contents import ServingOptions

SCHEMA = "https://json-schema.org/draft/2020-12/schema"

Text = str | int | float | bool
"""YAML reads 1 and true where a text is meant."""


class FileEnvironment(Request):
    """What a version runs in: a conda file, or packages of pip; paths are beside the file."""

    conda: str | None = None
    requirements: str | None = None
    pip: list[str] | None = None
    python: Text | None = None


class FileLimits(Request):
    """Cores, GB (10^9 bytes) and GPU cards that all workers together may use."""

    cpu: float | None = None
    memory_gb: float | None = None
    gpu: int | None = None


class FileVersion(Request):
    """
    One version. ``models`` are NAME[:VERSION], the latest without a version. ``script`` is the
    scoring script; without one the one model is served by its framework. ``source`` is the folder
    that is sent along, in which the script lies. ``environment`` is NAME[:VERSION] of a registered
    one, or what is in it. ``control`` marks what others are compared with.
    """

    models: list[str] = []
    script: str | None = None
    source: str | None = None
    environment: str | FileEnvironment | None = None
    variables: dict[str, Text] | None = None
    limits: FileLimits | None = None
    serving: ServingOptions | None = None
    description: str | None = None
    tags: dict[str, Text] | None = None
    control: bool | None = None


class EndpointFile(Request):
    """
    An endpoint as it shall be. What is not said of it stays as it is; versions that are not in
    the file are deleted.

    ``traffic`` are shares in percent; what is left of 100 goes to the ``default`` version, and all
    0 closes the endpoint. ``mirror`` (or Azure's ``mirror_traffic``) are percentages of requests
    that are copied. ``sticky`` is header:NAME, cookie, cookie:NAME or off. ``auth_mode`` is
    Azure's word for ``auth``.
    """

    name: str
    versions: dict[str, FileVersion]
    schema: str = msgspec.field(name="$schema", default="")
    workspace: str | None = None
    auth: Literal["key", "token", "off"] | None = None
    auth_mode: Literal["key", "aml_token"] | None = None
    sticky: str | None = None
    compute: str | None = None
    description: str | None = None
    tags: dict[str, Text] | None = None
    traffic: dict[str, float] | None = None
    default: str | None = None
    mirror: dict[str, float] | None = None
    mirror_traffic: dict[str, float] | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of the file."""
    found = msgspec.json.schema(EndpointFile)
    return {"$schema": SCHEMA, "title": "An endpoint of Modelyard", **found}

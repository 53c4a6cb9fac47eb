"""Registered models."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Wire


class Tensor(Request):
    """
    A part of a sample: ``data`` is flat, row by row, null where a value is missing.

    A data frame is one tensor a column, of shape [rows, 1]; an array is one tensor.
    """

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class ModelRequest(Request):
    """
    Registers a version; ``manifest`` is the digest of its files (see /snapshots).

    The samples, at most 100 rows each, say what the model takes and gives.
    """

    name: str
    manifest: str
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str | None = None
    framework_version: str | None = None
    run_id: str | None = None
    resources: dict[str, Any] | None = None
    record: dict[str, Any] = {}
    sample_input: list[Tensor] = []
    sample_output: list[Tensor] = []


class RunModelRequest(Request):
    """Registers a version from files of a run: ``path`` is a file or a folder of it."""

    name: str
    run_id: str
    path: str
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str | None = None
    framework_version: str | None = None
    resources: dict[str, Any] | None = None
    record: dict[str, Any] = {}
    sample_input: list[Tensor] = []
    sample_output: list[Tensor] = []


class ModelChange(Request):
    """
    Changes what is not None: ``tags`` replaces, ``add_tags`` merges, ``remove_tags`` names keys.

    ``add_properties`` refuses a key that has another value (immutable).
    """

    description: str | None = None
    tags: dict[str, str] | None = None
    add_tags: dict[str, str] | None = None
    remove_tags: list[str] | None = None
    add_properties: dict[str, str] | None = None
    resources: dict[str, Any] | None = None
    sample_input: list[Tensor] | None = None
    sample_output: list[Tensor] | None = None


class ModelSamples(Wire):
    """What a model takes and gives, as it was registered; empty when nothing was."""

    input: list[Tensor] = []
    output: list[Tensor] = []


class Model(Wire):
    """A version of a model; ``id`` is ``name:version``."""

    id: str
    workspace: str
    name: str
    version: int
    manifest: str
    size: int
    created: datetime
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str | None = None
    framework_version: str | None = None
    run_id: str | None = None
    experiment: str | None = None
    created_by: str = ""
    resources: dict[str, Any] | None = None
    record: dict[str, Any] = {}

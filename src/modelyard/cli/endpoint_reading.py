"""Reading an endpoint's file: what is wrong with it is said with its line."""

import difflib
from collections.abc import Iterator
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from modelyard.cli.endpoint_file import EndpointFile, FileVersion
from modelyard.cli.endpoint_yaml import load
from modelyard.domain.errors import BadInput

T = TypeVar("T")


def read(text: str, name: str) -> EndpointFile:
    """The file. Raises ``BadInput`` with the line, and the near key where one is not known."""

    def check(yaml: Any, root: Any) -> None:
        wrong = [f"{name}, line {line}: {said}" for line, said in _keys(yaml, root, EndpointFile)]
        if wrong:
            raise BadInput("\n".join(wrong))

    return _converted(load(text, name, check), name)


def _converted(data: dict[str, Any], name: str) -> EndpointFile:
    versions = data.get("versions")
    if isinstance(versions, dict):
        # one after the other, so that an error names its version
        for version, said in versions.items():
            _convert({} if said is None else said, FileVersion, f"{name}, versions.{version}")
        data = {**data, "versions": {k: {} if v is None else v for k, v in versions.items()}}
    return _convert(data, EndpointFile, name)


def _convert(data: Any, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        at = place.rstrip("`").lstrip(".")
        raise BadInput(f"{where}{f', {at}' if at else ''}: {said}.") from error


def _keys(yaml: Any, node: Any, kind: Any) -> Iterator[tuple[int, str]]:
    """Keys that are not known or stand twice, with their lines."""
    if not isinstance(node, yaml.MappingNode):
        return
    struct = _struct(kind)
    known = _fields(struct) if struct else None
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            yield line, f"{key.value!r} stands there twice."
        seen.add(key.value)
        if known is None:
            yield from _keys(yaml, value, _values(kind))
        elif key.value in known:
            yield from _keys(yaml, value, known[key.value])
        elif key.value != "<<":
            yield line, _unknown(key.value, list(known))


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return f"the key {key!r} is not known. Did you mean {near[0]!r}?"
    return f"the key {key!r} is not known. There are: {', '.join(sorted(known))}."


def _fields(struct: Any) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


def _struct(kind: Any) -> Any:
    """The struct that a type is, or may be."""
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one if get_origin(kind) is not dict else None
    return None


def _values(kind: Any) -> Any:
    """What the values of a dict are."""
    for one in (kind, *get_args(kind)):
        if get_origin(one) is dict:
            return get_args(one)[1]
    return None

"""Reading an endpoint's file: what is wrong with it is said with its line."""

import difflib
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from modelyard.cli.endpoint_file import EndpointFile, FileVersion
from modelyard.domain.errors import BadInput

T = TypeVar("T")
_BOOLEAN = "tag:yaml.org,2002:bool"


def read(text: str, name: str) -> EndpointFile:
    """The file. Raises ``BadInput`` with the line, and the near key where one is not known."""
    yaml = import_module("yaml")  # takes long to load, and only this needs it
    loader = _loader(yaml)(text)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise BadInput(f"{name} says nothing: write name: and versions:, see the guide.")
        wrong = [f"{name}, line {line}: {said}" for line, said in _keys(yaml, root, EndpointFile)]
        if wrong:
            raise BadInput("\n".join(wrong))
        data = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise BadInput(f"{name} is not valid YAML: {error}") from error
    finally:
        loader.dispose()
    return _converted(data, name)


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


def _loader(yaml: Any) -> type[Any]:
    """YAML 1.2's words for yes and no: off, on and no are texts. Keys are texts."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers = {
            first: [(tag, regexp) for tag, regexp in resolvers if tag != _BOOLEAN]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
            del deep  # a whole document is wanted, with all in it
            self.flatten_mapping(node)
            return {key.value: self.construct_object(value, True) for key, value in node.value}

    pattern = re.compile("^(?:true|True|TRUE|false|False|FALSE)$")
    Loader.add_implicit_resolver(_BOOLEAN, pattern, list("tTfF"))
    return Loader


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

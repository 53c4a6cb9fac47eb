"""The YAML of an endpoint's file, as strangers may write it: bounded, and wrong values named."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from modelyard.domain.errors import BadInput

MOST_NODES = 50_000
"""Keys and values of a file, those that aliases stand for counted each time."""

DEEPEST = 40
"""Levels of a file; what it may say needs five."""

_BOOLEAN = "tag:yaml.org,2002:bool"


def load(text: str, name: str, check: Callable[[Any, Any], None]) -> dict[str, Any]:
    """
    What the file says, once ``check`` has seen the ``yaml`` module and the root node.

    Raises ``BadInput`` with the line.
    """
    yaml = import_module("yaml")  # takes long to load, and only this needs it
    try:
        loader = _loader(yaml)(text)
        try:
            root = loader.get_single_node()
            if not isinstance(root, yaml.MappingNode):
                raise BadInput(f"{name} says nothing: write name: and versions:, see the guide.")
            _check_bounds(yaml, root, name)
            check(yaml, root)
            data: dict[str, Any] = loader.construct_document(root)
        finally:
            loader.dispose()
    except RecursionError:
        raise _too_deep(name) from None
    except yaml.YAMLError as error:
        raise BadInput(f"{name} is not valid YAML: {error}") from error
    return data


def _check_bounds(yaml: Any, root: Any, name: str) -> None:
    """Aliases may make a small file endless; and each key is a text."""
    count, left = 0, [(root, 0)]
    while left:
        node, depth = left.pop()
        count += 1
        if depth > DEEPEST:
            raise _too_deep(name)
        if count > MOST_NODES:
            raise BadInput(
                f"{name} says more than {MOST_NODES:,} things, aliases counted each time."
            )
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    line = key.start_mark.line + 1
                    raise BadInput(f"{name}, line {line}: a key must be a text.")
                left.append((value, depth + 1))
        elif isinstance(node, yaml.SequenceNode):
            left += [(item, depth + 1) for item in node.value]


def _too_deep(name: str) -> BadInput:
    return BadInput(
        f"{name} nests deeper than {DEEPEST} levels, or an alias in it stands for itself."
    )


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
            return {
                self.construct_scalar(key): self.construct_object(value, True)
                for key, value in node.value
            }

        def construct_scalar(self, node: Any) -> Any:
            text = super().construct_scalar(node)
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise _wrong(yaml, node, "half a character cannot be sent") from error
            return text

        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep)
            except (ValueError, KeyError, ArithmeticError) as error:  # what its tag is not
                said = f"{str(node.value)[:40]!r} is no {node.tag.rpartition(':')[2]}"
                raise _wrong(yaml, node, said) from error

    pattern = re.compile("^(?:true|True|TRUE|false|False|FALSE)$")
    Loader.add_implicit_resolver(_BOOLEAN, pattern, list("tTfF"))
    return Loader


def _wrong(yaml: Any, node: Any, said: str) -> Exception:
    error: Exception = yaml.constructor.ConstructorError(None, None, said, node.start_mark)
    return error

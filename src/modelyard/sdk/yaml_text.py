"""YAML: a small writer of our own; reading needs PyYAML, which the server extra brings."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from modelyard.domain.errors import BadEnvironment, MissingExtra

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./=<>~+*,\[\]@ -]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~"})
_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?")


def dump(document: Mapping[str, Any]) -> str:
    """The document as YAML: mappings, lists and scalars."""
    return "\n".join(_mapping(document, "")) + "\n"


def load(text: str, name: str) -> Any:
    """
    What a YAML text says.

    Raises ``MissingExtra`` without PyYAML, ``BadEnvironment`` naming the place of a mistake.
    """
    try:
        yaml = import_module("yaml")
    except ImportError as error:
        raise MissingExtra(
            f"Reading {name} needs PyYAML, which the server extra brings: "
            'pip install "modelyard[server]".'
        ) from error
    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise BadEnvironment(f"{name} is not valid YAML: it nests too deep.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date or number that is none
        raise BadEnvironment(f"{name} is not valid YAML: {error}") from error


def _mapping(document: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, list):
            yield f"{indent}{_scalar(key)}:" + ("" if value else " []")
            yield from _list(value, indent)
        elif isinstance(value, Mapping):
            yield f"{indent}{_scalar(key)}:" + ("" if value else " {}")
            yield from _mapping(value, indent + "  ")
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _list(values: list[Any], indent: str) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            first, *rest = _mapping(value, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(value)}"


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.fullmatch(value) and not value.endswith(" ")
    if plain and value.lower() not in _WORDS and not _NUMBER.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)

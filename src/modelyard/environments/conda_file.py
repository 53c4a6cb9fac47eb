"""A conda environment file, read node by node so that every fault has its line."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from modelyard.domain.errors import BadEnvironment

_KEYS = ("name", "channels", "dependencies", "prefix", "variables")
_LARGEST = 1024 * 1024
_EXAMPLE = """
A right one looks like this:

name: my-environment
dependencies:
  - python=3.11
  - numpy
  - pip:
      - scikit-learn==1.5.2
"""


@dataclass(frozen=True, slots=True)
class CondaFile:
    """What a file says, entries as written."""

    conda: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


def read(text: str) -> CondaFile:
    """Raises BadEnvironment naming the line and key, with an example of a right file."""
    sections = dict(_members(_root(text), "the file"))
    for key, node in sections.items():
        if key not in _KEYS:
            raise _bad(f"the key {key!r} is unknown; known are {', '.join(_KEYS)}", node, key)
    conda, pip = _dependencies(sections.get("dependencies"))
    return CondaFile(
        conda=conda,
        pip=pip,
        channels=tuple(_strings(sections.get("channels"), "channels")),
        variables=_variables(sections.get("variables")),
    )


def _root(text: str) -> yaml.MappingNode:
    if len(text) > _LARGEST:
        raise _bad(f"it has {len(text)} characters, and {_LARGEST} is the most that is read")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _bad(f"it is not YAML: {error.problem}", line=line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _bad(f"it is not YAML: {error}") from error
    if root is None:
        raise _bad("it is empty")
    if not isinstance(root, yaml.MappingNode):
        raise _bad("it must consist of keys like 'dependencies:'", root)
    return root


def _members(mapping: yaml.MappingNode, of: str) -> Iterator[tuple[str, yaml.Node]]:
    seen: set[str] = set()
    for key, value in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _bad(f"a key of {of} is not a word", key)
        if key.value in seen:
            raise _bad(f"the key {key.value!r} stands twice in {of}", key, key.value)
        seen.add(key.value)
        yield key.value, value


def _dependencies(node: yaml.Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    conda: list[str] = []
    pip: list[str] | None = None
    for item in _items(node, "dependencies"):
        if isinstance(item, yaml.ScalarNode):
            conda.append(_string(item, "dependencies"))
        elif isinstance(item, yaml.MappingNode):
            if pip is not None:
                raise _bad("there are two 'pip:' lists under 'dependencies'", item, "pip")
            pip = _pip(item)
        else:
            raise _bad("an entry under 'dependencies' is a list", item, "dependencies")
    return tuple(conda), tuple(pip or ())


def _pip(mapping: yaml.MappingNode) -> list[str]:
    lines: list[str] = []
    for key, value in _members(mapping, "'dependencies'"):
        if key != "pip":
            raise _bad(
                f"{key!r} stands under 'dependencies' with a colon; only 'pip:' may "
                f"(a package is written like '- {key}=1.0')",
                value,
                key,
            )
        lines = list(_strings(value, "pip"))
    return lines


def _strings(node: yaml.Node | None, key: str) -> Iterator[str]:
    for item in _items(node, key):
        yield _string(item, key)


def _items(node: yaml.Node | None, key: str) -> list[yaml.Node]:
    if node is None or _is_null(node):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise _bad(f"{key!r} must be a list, one '- …' a line", node, key)
    return list(node.value)


def _string(node: yaml.Node, key: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or _is_null(node) or not node.value.strip():
        raise _bad(f"an entry under {key!r} is not a line of text", node, key)
    if node.tag != "tag:yaml.org,2002:str":
        raise _bad(f"{node.value!r} under {key!r} is not the name of a package", node, key)
    return str(node.value)


def _variables(node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
    if node is None or _is_null(node):
        return ()
    if not isinstance(node, yaml.MappingNode):
        raise _bad("'variables' must consist of lines like 'NAME: value'", node, "variables")
    pairs = []
    for key, value in _members(node, "'variables'"):
        if not isinstance(value, yaml.ScalarNode):
            raise _bad(f"the variable {key!r} is not a single value", value, key)
        pairs.append((key, str(value.value)))
    return tuple(pairs)


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _bad(
    problem: str, node: yaml.Node | None = None, key: str | None = None, line: int | None = None
) -> BadEnvironment:
    if node is not None:
        line = node.start_mark.line + 1
    where = f", line {line}" if line is not None else ""
    details = {"line": line, "key": key}
    return BadEnvironment(
        f"The conda file cannot be used{where}: {problem}.\n{_EXAMPLE}",
        details={name: value for name, value in details.items() if value is not None},
    )

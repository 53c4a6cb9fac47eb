"""
What callers of one service would notice of another: changes of its schema, breaking or safe.

Pure. Models without a script are compared by their signature, which the document of a service
holds as ``x-modelyard``; scripts by the JSON Schemas of what run() takes and gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelyard.usecases.json_schema_diff import Change, Direction, compare, resolved

__all__ = ["Change", "Changes", "changes"]

Document = Mapping[str, Any]

_WHOLE = {
    "INT8": (-(2**7), 2**7 - 1),
    "INT16": (-(2**15), 2**15 - 1),
    "INT32": (-(2**31), 2**31 - 1),
    "INT64": (-(2**63), 2**63 - 1),
    "UINT8": (0, 2**8 - 1),
    "UINT16": (0, 2**16 - 1),
    "UINT32": (0, 2**32 - 1),
    "UINT64": (0, 2**64 - 1),
}
_FLOATS = ("FP16", "FP32", "FP64")


@dataclass(slots=True)
class Changes:
    """What breaks callers, and what does not."""

    breaking: list[Change] = field(default_factory=list)
    safe: list[Change] = field(default_factory=list)


def changes(old: Document, new: Document) -> Changes:
    """What callers who know ``old`` meet at ``new``; both are OpenAPI documents of services."""
    found = Changes()
    before, after = old.get("x-modelyard"), new.get("x-modelyard")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        _signatures(before, after, found)
    else:
        for direction in Direction:
            breaking, safe = compare(
                resolved(_schema(old, direction), old),
                resolved(_schema(new, direction), new),
                direction,
            )
            found.breaking += breaking
            found.safe += safe
    return found


def _schema(document: Document, direction: Direction) -> Mapping[str, Any]:
    """What JSON /score takes or gives; anything where the document does not say."""
    operation: Any = document.get("paths", {}).get("/score", {}).get("post", {})
    if direction is Direction.INPUT:
        place = operation.get("requestBody", {})
    else:
        place = operation.get("responses", {}).get("200", {})
    content = place.get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    return schema if isinstance(schema, Mapping) else {}


def _signatures(old: Document, new: Document, found: Changes) -> None:
    _inputs(old, new, found)
    _outputs(old["outputs"], new["outputs"], found)
    _methods(list(old["methods"]), list(new["methods"]), found)


def _inputs(old: Document, new: Document, found: Changes) -> None:
    before, after = _by_name(old["inputs"]), _by_name(new["inputs"])
    if old["columns"] and not new["columns"]:
        found.breaking.append(
            Change("inputs", "have no names any more: rows must be lists, not records")
        )
        return
    if new["columns"] and not old["columns"]:
        _named_now(old["inputs"], new["inputs"], found)
        return
    renamed = _renamed(old["inputs"], new["inputs"])
    for name, spec in before.items():
        path = f"inputs.{name}"
        if name in after:
            _input(path, spec, after[name], found)
        elif name in renamed:
            found.breaking.append(Change(path, f"was renamed to '{renamed[name]}'"))
            _input(path, spec, after[renamed[name]], found)
        else:
            found.breaking.append(Change(path, "was removed: a request that has it is refused"))
    for name in after.keys() - before.keys() - set(renamed.values()):
        found.breaking.append(Change(f"inputs.{name}", "was added and must be sent"))
    kept = [name for name in before if name in after]
    if old["columns"] and kept != [name for name in after if name in before]:
        found.breaking.append(
            Change("inputs", "have another order: rows sent as lists would be scored wrong")
        )


def _named_now(old: Sequence[Document], new: Sequence[Document], found: Changes) -> None:
    """An array of rows became a data frame: rows as lists are still taken, by position."""
    width = old[0]["shape"][-1] if len(old) == 1 and len(old[0]["shape"]) == 2 else None
    if width not in {-1, len(new)}:
        text = f"take {len(new)} values in each row now, not {width}"
        found.breaking.append(Change("inputs", text))
        return
    found.safe.append(Change("inputs", "have names now; rows as lists are still taken"))
    for spec in new:
        _type(f"inputs.{spec['name']}", old[0]["datatype"], spec["datatype"], found)


def _renamed(old: Sequence[Document], new: Sequence[Document]) -> dict[str, str]:
    """Inputs that went and came at the same place with the same type and shape."""
    before, after = _by_name(old), _by_name(new)
    return {
        a["name"]: b["name"]
        for a, b in zip(old, new, strict=False)
        if a["name"] not in after
        and b["name"] not in before
        and (a["datatype"], a["shape"]) == (b["datatype"], b["shape"])
    }


def _input(path: str, old: Document, new: Document, found: Changes) -> None:
    _type(path, old["datatype"], new["datatype"], found)
    before, after = list(old["shape"]), list(new["shape"])
    if before == after:
        return
    text = f"had the shape {_shape(before)}, now it has {_shape(after)}"
    wider = len(before) == len(after) and all(
        a in {-1, b} for b, a in zip(before, after, strict=True)
    )
    (found.safe if wider else found.breaking).append(Change(path, text))


def _type(path: str, old: str, new: str, found: Changes) -> None:
    if old == new:
        return
    text = f"was {old or 'of any type'}, now it is {new or 'of any type'}"
    (found.safe if _takes(new, old) else found.breaking).append(Change(path, text))


def _takes(new: str, old: str) -> bool:
    """Whether everything that was right for ``old`` is right for ``new``."""
    if new == "" or (new in _FLOATS and (old in _FLOATS or old in _WHOLE)):
        return True
    if new in _WHOLE and old in _WHOLE:
        least, greatest = _WHOLE[old]
        return _WHOLE[new][0] <= least and greatest <= _WHOLE[new][1]
    return False


def _outputs(old: Sequence[Document], new: Sequence[Document], found: Changes) -> None:
    before, after = _by_name(old), _by_name(new)
    for name, spec in before.items():
        path = f"outputs.{name}"
        if name not in after:
            found.breaking.append(Change(path, "was removed"))
            continue
        _output(path, spec, after[name], found)
    for name in after.keys() - before.keys():
        list_ = found.breaking if len(before) == 1 else found.safe
        more = ": each row is an object now" if list_ is found.breaking else ""
        list_.append(Change(f"outputs.{name}", f"was added{more}"))


def _output(path: str, old: Document, new: Document, found: Changes) -> None:
    before, after = old["datatype"], new["datatype"]
    if before != after:
        same = before in _FLOATS and after in _FLOATS
        narrower = before in _WHOLE and after in _WHOLE and _takes(before, after)
        text = f"was {before or 'of any type'}, now it is {after or 'of any type'}"
        (found.safe if same or narrower or not before else found.breaking).append(
            Change(path, text)
        )
    if list(old["shape"]) != list(new["shape"]):
        text = f"had the shape {_shape(old['shape'])}, now it has {_shape(new['shape'])}"
        fits = len(old["shape"]) == len(new["shape"]) and all(
            b in {-1, a} for b, a in zip(old["shape"], new["shape"], strict=True)
        )
        (found.safe if fits else found.breaking).append(Change(path, text))


def _methods(old: list[str], new: list[str], found: Changes) -> None:
    for method in old:
        if method not in new:
            found.breaking.append(Change(f"methods.{method}", "was removed"))
    for method in new:
        if method not in old:
            found.safe.append(Change(f"methods.{method}", "was added"))
    if old and new and old[0] != new[0] and old[0] in new:
        text = f"the usual one was '{old[0]}', now it is '{new[0]}'"
        found.breaking.append(Change("methods", text))


def _by_name(specs: Sequence[Document]) -> dict[str, Document]:
    return {str(spec["name"]): spec for spec in specs}


def _shape(shape: Sequence[int]) -> str:
    return "[" + ", ".join("any" if size < 0 else str(size) for size in shape) + "]"

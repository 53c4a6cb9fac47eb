"""How a body that cannot be used is refused: the message and ``details.field`` say where."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from modelyard.serving.refusals import Refusal

_LISTED = 5


def unreadable(message: str) -> Refusal:
    """The 400 for a body that is not what its content type says."""
    return Refusal(400, "bad_input", message)


def wrong(field: str, problem: str, **details: Any) -> Refusal:
    """The 422 for one field: ``data[3][1] is a text; the model takes numbers.``."""
    message = f"{field} {problem}" if field else f"The body {problem}"
    return Refusal(422, "bad_input", message, details={"field": field, **details})


def item(path: str, index: int | str) -> str:
    """The path of an element: ``data[3]``, ``data.age``, ``data['two words']``."""
    if isinstance(index, int):
        return f"{path}[{index}]"
    if not index.isidentifier():
        return f"{path}[{index!r}]"
    return f"{path}.{index}" if path else index


def at(path: str, flat: int, shape: Sequence[int]) -> str:
    """The path of the element with that row-major number."""
    indexes: list[int] = []
    for size in reversed(shape):
        indexes.append(flat % size if size else 0)
        flat //= size or 1
    for index in reversed(indexes):
        path = item(path, index)
    return path


def quoted(names: Iterable[str]) -> str:
    """``'age', 'city'``, and how many more there are."""
    listed = [repr(name) for name in names]
    more = len(listed) - _LISTED
    text = ", ".join(listed[:_LISTED])
    return f"{text} and {more} more" if more > 0 else text


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {
        type(None): "null",
        bool: f"{value!r}".lower(),
        str: "a text",
        list: "a list",
        dict: "an object",
        float: "a number",
        int: "a number",
    }
    return names.get(type(value), type(value).__name__)


def compare(field: str, given: Iterable[str], wanted: Sequence[str], noun: str = "column") -> None:
    """Raises the refusal that names the columns which are missing, unknown or there twice."""
    counts = Counter(list(given))
    known = set(wanted)
    missing = [name for name in wanted if name not in counts]
    unknown = [name for name in counts if name not in known]
    twice = [name for name, count in counts.items() if count > 1]
    problems = [
        f"{verb} {noun}{'s' if len(names) > 1 else ''} {quoted(names)}"
        for verb, names in (
            ("lacks the", missing),
            ("has the unknown", unknown),
            ("has twice the", twice),
        )
        if names
    ]
    if problems:
        message = f"{' and '.join(problems)}; the model takes {quoted(wanted)}."
        raise wrong(field, message, missing=missing, unknown=unknown)

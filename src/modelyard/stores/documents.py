"""
Dict-like values (tags, definitions, records) as JSON text that every database takes.

Databases differ in what they refuse: PostgreSQL has no NUL character and no lone surrogates in
JSON, standard JSON has no NaN. What one refuses all refuse, so that a move never loses anything.
"""

import json
from typing import Any

from modelyard.domain.errors import BadInput


def encode(document: Any) -> str:
    """
    The JSON text of a dict-like value.

    Raises ``BadInput`` for what JSON cannot hold: NaN, a NUL character, other types.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (TypeError, ValueError) as error:  # an UnicodeEncodeError is a ValueError
        raise BadInput(f"This value cannot be kept as JSON: {error}.") from error
    if "\\u0000" in text and _holds_nul(document):
        raise BadInput("A text with a NUL character cannot be kept; remove the character.")
    return text


def decode(text: str | bytes) -> Any:
    """The value that ``encode`` or ``encode_loose`` wrote."""
    return json.loads(text)


def encode_loose(value: Any) -> str:
    """
    JSON text in ASCII that also holds NaN and Infinity: a diverging loss is a metric, too.

    Raises ``BadInput`` for other types than JSON's.
    """
    try:
        return json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise BadInput(f"This metric cannot be kept as JSON: {error}.") from error


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple) and any(_holds_nul(part) for part in value)

"""W3C ``traceparent``: which trace a request belongs to, and which span asked for it. Pure."""

import re

_FORM = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[0-9a-zA-Z._-]*)?"
).fullmatch
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16

TRACEPARENT_LIMIT = 128
"""Characters that are looked at; today's form has 55."""


def parts(traceparent: str) -> tuple[str | None, str | None]:
    """The trace's and the asking span's id; None, None for what is no traceparent."""
    found = _FORM(traceparent) if len(traceparent) <= TRACEPARENT_LIMIT else None
    if found is None or found[1] == _NO_TRACE or found[2] == _NO_SPAN:
        return None, None
    return found[1], found[2]


def accepted(header: bytes) -> str:
    """The header's value where it is a traceparent, else ''."""
    text = header.decode("latin-1")
    return text if parts(text)[0] else ""

"""By what the same user is known again. Pure."""

import re

from modelyard.domain.errors import BadInput

_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""
What is used of all that may be the name of a header (RFC 9110) or a cookie (RFC 6265): the gateway
reads it by a rule of its configuration, where the rest would mean something.
"""

_TAKEN = re.compile(r"x-modelyard-.*|x-request-id|authorization")
"""Headers that the gateway removes before it asks for the user, or makes anew for each request."""


def checked_sticky(sticky: str) -> str:
    """
    '' (by chance; 'off' is the same), 'header:NAME', 'cookie:NAME' or 'cookie'. Raises BadInput.
    """
    if sticky == "off":
        return ""
    if sticky in {"", "cookie"}:
        return sticky
    kind, _, name = sticky.partition(":")
    if kind not in {"header", "cookie"}:
        raise BadInput(
            f"sticky {sticky!r} must be '' or 'off' (by chance), 'header:NAME', 'cookie:NAME', "
            "or 'cookie' for a cookie that the gateway sets.",
            details={"field": "sticky"},
        )
    if not _TOKEN.fullmatch(name):
        raise BadInput(
            f"sticky {sticky!r}: the name of a {kind} must be 1 to 64 letters, digits, '-', "
            "'_' or '.'.",
            details={"field": "sticky"},
        )
    if kind == "header" and _TAKEN.fullmatch(name.lower()):
        raise BadInput(
            f"sticky {sticky!r}: no user can be known by that header, because the gateway takes "
            "it away or writes it itself. Name one that callers send.",
            details={"field": "sticky"},
        )
    return f"header:{name.lower()}" if kind == "header" else sticky

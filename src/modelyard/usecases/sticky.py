"""By what the same user is known again. Pure."""

import re

from modelyard.domain.errors import BadInput

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
"""What RFC 9110 lets be the name of a header, and RFC 6265 that of a cookie."""


def checked_sticky(sticky: str) -> str:
    """'' (by chance), 'header:NAME', 'cookie:NAME' or 'cookie'. Raises BadInput."""
    if sticky in {"", "cookie"}:
        return sticky
    kind, _, name = sticky.partition(":")
    if kind not in {"header", "cookie"}:
        raise BadInput(
            f"sticky {sticky!r} must be '' (by chance), 'header:NAME', 'cookie:NAME', or 'cookie' "
            "for a cookie that the gateway sets.",
            details={"field": "sticky"},
        )
    if not _TOKEN.fullmatch(name):
        raise BadInput(
            f"sticky {sticky!r}: the name of a {kind} must be 1 to 64 letters, digits or any of "
            "!#$%&'*+-.^_`|~.",
            details={"field": "sticky"},
        )
    return f"header:{name.lower()}" if kind == "header" else sticky

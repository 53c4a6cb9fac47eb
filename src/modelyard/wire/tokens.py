"""API tokens."""

from datetime import datetime

from modelyard.wire.base import Request, Wire


class TokenRequest(Request):
    """Asks for a token; ``role`` is reader, contributor or owner."""

    name: str
    role: str = "contributor"


class Token(Wire):
    """A token; ``secret`` is there only in the answer that created it."""

    id: str
    name: str
    role: str
    created: datetime
    revoked: datetime | None = None
    secret: str | None = None

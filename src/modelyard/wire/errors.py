"""The one shape of every error."""

from typing import Any

from modelyard.wire.base import Wire


class Problem(Wire):
    """What went wrong: a stable ``code``, a sentence, the request's id, facts for programs."""

    code: str
    message: str
    request_id: str = ""
    details: dict[str, Any] = {}

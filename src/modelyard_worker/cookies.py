"""The header Set-Cookie."""

from __future__ import annotations

import datetime
import time
from email.utils import formatdate
from http.cookies import SimpleCookie
from typing import Any, Optional


def cookie(
    key: str,
    value: str,
    max_age: Any,
    expires: Any,
    path: Optional[str],
    domain: Optional[str],
    secure: bool,
    httponly: bool,
    samesite: Optional[str],
) -> str:
    """Its value, attributes in the order that Flask writes them."""
    if isinstance(max_age, datetime.timedelta):
        max_age = int(max_age.total_seconds())
    if expires is None and max_age is not None:
        expires = time.time() + max_age
    parts = ["%s=%s" % (key, SimpleCookie().value_encode(value)[1] if value else "")]
    parts += ["Domain=" + domain] if domain else []
    parts += ["Expires=" + _date(expires)] if expires is not None else []
    parts += ["Max-Age=%d" % max_age] if max_age is not None else []
    parts += ["Secure"] if secure else []
    parts += ["HttpOnly"] if httponly else []
    parts += ["Path=" + path] if path else []
    parts += ["SameSite=" + samesite] if samesite else []
    return "; ".join(parts)


def _date(moment: Any) -> str:
    if isinstance(moment, str):
        return moment
    if isinstance(moment, datetime.datetime):
        if moment.tzinfo is None:  # Flask's meaning: UTC
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        moment = moment.timestamp()
    return formatdate(moment, usegmt=True)

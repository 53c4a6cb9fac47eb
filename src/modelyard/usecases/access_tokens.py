"""Tokens that open one service for a day: signed, not stored, so the gateway checks them alone."""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from modelyard.domain.errors import Conflict
from modelyard.domain.services import Auth, Service
from modelyard.ports import Clock, ServiceStore

LIFETIME = timedelta(hours=24)
"""How long a token opens its service; after half of it callers should ask for another."""

_LABEL = b"modelyard access tokens of services"
_HEADER: dict[str, object] = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, when to ask for another, and when it opens nothing any more."""

    access_token: str
    refresh_after: datetime
    expiry_on: datetime


def signing_key(secret: bytes) -> str:
    """What these tokens are signed with, in hexadecimal; ``secret`` is the home's."""
    return hmac.digest(secret, _LABEL, "sha256").hex()


def signed(claims: dict[str, object], key: str) -> str:
    """A JSON Web Token (RFC 7519) by HS256. Pure."""
    body = b".".join(_encoded(part) for part in (_HEADER, claims))
    signature = hmac.digest(key.encode(), body, "sha256")
    return b".".join((body, _base64(signature))).decode()


class AccessTokens:
    """Makes them for services that want them; ``signing_key`` as of the function above."""

    def __init__(self, services: ServiceStore, clock: Clock, signing_key: str) -> None:
        self._services = services
        self._clock = clock
        self._key = signing_key

    def make(self, workspace: str, name: str) -> AccessToken:
        """A new token. Raises NotFound, and Conflict for a service that takes none."""
        service = self._services.get(workspace, name)
        if service.deleting:
            raise Conflict(f"Service {name!r} is being deleted.")
        if service.auth is not Auth.TOKEN:
            raise Conflict(_refusal(service))
        now = self._clock.now()
        end = now + LIFETIME
        claims: dict[str, object] = {
            "aud": f"{workspace}/{name}",
            # a service of the same name that comes later is another one
            "sid": service.id,
            "iat": int(now.timestamp()),
            "exp": int(end.timestamp()),
        }
        return AccessToken(signed(claims, self._key), now + LIFETIME / 2, end)


def _refusal(service: Service) -> str:
    way = "needs no key and no token" if service.auth is Auth.OFF else "is opened by its keys"
    return (
        f"Service {service.name!r} {way}. Deploy or update it with token_auth_enabled=True "
        "(auth 'token') if it shall take access tokens."
    )


def _encoded(part: dict[str, object]) -> bytes:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")

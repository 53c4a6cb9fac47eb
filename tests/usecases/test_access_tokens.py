"""Tokens that open one service for a day."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.services import Auth, Keys, Service, ServiceKind
from modelyard.domain.workspaces import Workspace
from modelyard.ports import ServiceStore
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import memory_stores
from modelyard.usecases.access_tokens import AccessTokens, signed, signing_key

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def stored(auth: Auth, **more: object) -> ServiceStore:
    stores = memory_stores()
    stores.workspaces.add(Workspace(id="w1", name="ws", created=NOW))
    service = Service("s1", "ws", "svc", ServiceKind.AKS, auth, NOW, NOW, **more)
    stores.services.add(service, Keys("primary", "secondary"))
    return stores.services


def decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_token_says_which_service_it_opens_and_until_when() -> None:
    clock = FakeClock()

    made = AccessTokens(stored(Auth.TOKEN), clock, "key").make("ws", "svc")

    header, claims, _ = made.access_token.split(".")
    assert decoded(header) == {"alg": "HS256", "typ": "JWT"}
    assert decoded(claims) == {
        "aud": "ws/svc",
        "sid": "s1",
        "iat": int(clock.now().timestamp()),
        "exp": int((clock.now() + timedelta(hours=24)).timestamp()),
    }
    assert made.refresh_after == clock.now() + timedelta(hours=12)
    assert made.expiry_on == clock.now() + timedelta(hours=24)


def test_it_is_signed_as_the_standard_says() -> None:
    body, _, signature = signed({"aud": "ws/svc"}, "key").rpartition(".")

    digest = hmac.new(b"key", body.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == digest


def test_the_signing_key_follows_from_the_secret_of_the_home_and_is_not_it() -> None:
    assert signing_key(b"secret") == signing_key(b"secret")
    assert signing_key(b"secret") != signing_key(b"other")
    assert len(bytes.fromhex(signing_key(b"secret"))) == 32
    assert b"secret".hex() not in signing_key(b"secret")


@pytest.mark.parametrize(
    ("auth", "says"), [(Auth.KEY, "opened by its keys"), (Auth.OFF, "needs no key")]
)
def test_a_service_without_tokens_says_how_it_is_opened_and_the_way_out(
    auth: Auth, says: str
) -> None:
    tokens = AccessTokens(stored(auth), FakeClock(), "key")

    with pytest.raises(Conflict, match=says) as refused:
        tokens.make("ws", "svc")

    assert "token_auth_enabled=True" in refused.value.message


def test_a_service_that_goes_or_is_not_there_gets_none() -> None:
    going = AccessTokens(stored(Auth.TOKEN, deleting=True), FakeClock(), "key")

    with pytest.raises(Conflict, match="being deleted"):
        going.make("ws", "svc")
    with pytest.raises(NotFound):
        going.make("ws", "other")

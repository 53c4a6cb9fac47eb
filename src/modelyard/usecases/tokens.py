"""API tokens: made, listed, revoked, recognised."""

import hashlib
import secrets
from collections.abc import Callable, Sequence

from modelyard.domain.errors import BadInput, Unauthenticated
from modelyard.domain.names import check_name, short_id
from modelyard.domain.tokens import Role, Token
from modelyard.ports import Clock, TokenStore
from modelyard.usecases import job_tokens

PREFIX = "my_"
"""Every secret begins so: scanners for leaked secrets can know it."""


def hash_secret(secret: str) -> str:
    """What is kept of a secret. It is 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """What owners do with tokens, and how every caller is recognised."""

    def __init__(
        self,
        store: TokenStore,
        clock: Clock,
        jobs: job_tokens.JobTokens | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """``changed`` is called when there is another token, or one less."""
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._changed = changed

    def create(self, name: str, role: str) -> tuple[Token, str]:
        """A new token and its secret, which is shown only now. Raises BadInput, AlreadyExists."""
        if role not in set(Role):
            raise BadInput(f"{role!r} is no role: it must be {', '.join(Role)}.")
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=short_id("tok-"),
            name=check_name("token", name),
            role=Role(role),
            sha256=hash_secret(secret),
            created=self._clock.now(),
        )
        self._store.add(token)
        self._changed()
        return token, secret

    def list(self) -> Sequence[Token]:
        """All, newest first, revoked ones too."""
        return self._store.list()

    def revoke(self, id: str) -> None:
        """From now on the token opens nothing. Raises NotFound."""
        self._store.revoke(id, self._clock.now())
        self._changed()

    def authenticate(self, secret: str) -> Token:
        """The token of this secret. Raises Unauthenticated when unknown or revoked."""
        if self._jobs is not None and secret.startswith(job_tokens.PREFIX):
            return self._jobs.authenticate(secret)
        token = self._store.find(hash_secret(secret))
        if token is None:
            raise Unauthenticated(
                "This token is not known here. Create one: modelyard token create."
            )
        if token.revoked is not None:
            raise Unauthenticated(
                f"The token {token.name!r} was revoked on {token.revoked:%Y-%m-%d}."
            )
        return token

"""API tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.domain.tokens import Token
from modelyard.testing.stores.memory import Memory


class MemoryTokenStore:
    """``TokenStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, token: Token) -> None:
        with self._memory.lock:
            known = self._memory.tokens.values()
            taken = any(other.name == token.name and other.revoked is None for other in known)
            if taken or token.id in self._memory.tokens or self.find(token.sha256):
                raise AlreadyExists(
                    f"There is a token {token.name!r} already. Revoke it first, or take "
                    "another name."
                )
            self._memory.tokens[token.id] = token

    def find(self, sha256: str) -> Token | None:
        with self._memory.lock:
            found = (t for t in self._memory.tokens.values() if t.sha256 == sha256)
            return next(found, None)

    def list(self) -> Sequence[Token]:
        with self._memory.lock:
            return list(reversed(self._memory.tokens.values()))

    def revoke(self, id: str, when: datetime) -> None:
        with self._memory.lock:
            present = self._memory.tokens.get(id)
            if present is None:
                raise NotFound(f"There is no token with id {id!r}.")
            self._memory.tokens[id] = replace(present, revoked=present.revoked or when)

"""The token that SDK and CLI on the server's own machine find by themselves."""

import os
import secrets
from pathlib import Path

from modelyard.domain.errors import AlreadyExists, Unauthenticated
from modelyard.domain.tokens import Role
from modelyard.usecases.tokens import Tokens

NAME = "local"


def ensure_local_token(tokens: Tokens, path: Path) -> None:
    """An owner's token in the file, mode 0600; one that is there and opens is kept."""
    try:
        tokens.authenticate(path.read_text(encoding="utf-8").strip())
    except (FileNotFoundError, Unauthenticated):
        _write(path, _create(tokens))
    path.chmod(0o600)


def _create(tokens: Tokens) -> str:
    try:
        return tokens.create(NAME, Role.OWNER)[1]
    except AlreadyExists:
        # its secret is lost, or it belongs to another home on the same database
        return tokens.create(f"{NAME}-{secrets.token_hex(3)}", Role.OWNER)[1]


def _write(path: Path, secret: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

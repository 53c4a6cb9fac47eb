"""API tokens and what their roles allow."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a token may do: look, change, or also hand out tokens and delete workspaces."""

    READER = "reader"
    CONTRIBUTOR = "contributor"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Whether everything the other role may do is allowed."""
        order = [Role.READER, Role.CONTRIBUTOR, Role.OWNER]
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret: only the SHA-256 of it is kept."""

    id: str
    name: str
    role: Role
    sha256: str
    created: datetime
    revoked: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceToken(Token):
    """A token that opens one workspace only."""

    workspace: str = ""

"""Who may do what: the role that each kind of action needs."""

from collections.abc import Mapping
from enum import StrEnum

from modelyard.domain.errors import Forbidden
from modelyard.domain.tokens import Role, Token, WorkspaceToken


class Action(StrEnum):
    """What a caller may want, as far as roles tell it apart."""

    LOOK = "look at this"
    CHANGE = "change anything"
    SEE_KEYS = "see or change the keys of services"
    CREATE_WORKSPACE = "make workspaces"
    MANAGE_TOKENS = "see, create or revoke tokens"
    DELETE_WORKSPACE = "delete workspaces"


ROLES: Mapping[Action, Role] = {
    Action.LOOK: Role.READER,
    Action.CHANGE: Role.CONTRIBUTOR,
    Action.SEE_KEYS: Role.CONTRIBUTOR,
    Action.CREATE_WORKSPACE: Role.CONTRIBUTOR,
    Action.MANAGE_TOKENS: Role.OWNER,
    Action.DELETE_WORKSPACE: Role.OWNER,
}


def authorize(token: Token, action: Action) -> None:
    """Raises ``Forbidden``, naming the role that is needed, when the token's is too small."""
    needed = ROLES[action]
    if not token.role.includes(needed):
        raise Forbidden(
            f"The token {token.name!r} has the role {token.role}; to {action} takes "
            f"{needed}. Ask an owner for a token of that role.",
            details={"role": token.role.value, "needed": needed.value},
        )


def check_scope(token: Token, action: Action, workspace: str | None) -> None:
    """
    Raises ``Forbidden`` when a token of one workspace is used for another.

    ``workspace`` is the one that the call names. What belongs to none, such as files by their
    digest, is open to all.
    """
    if not isinstance(token, WorkspaceToken):
        return
    if action is Action.CREATE_WORKSPACE or workspace not in {None, token.workspace}:
        raise Forbidden(
            f"The token {token.name!r} is for the workspace {token.workspace!r} only.",
            details={"workspace": token.workspace},
        )

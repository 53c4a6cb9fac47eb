"""Who calls: the bearer token, and whether its role is enough."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from modelyard.domain.errors import Unauthenticated
from modelyard.domain.tokens import Token
from modelyard.usecases.authorize import Action, authorize, check_scope
from modelyard.usecases.tokens import Tokens

PUBLIC = "public"
"""Marks a route (in its ``opt``) that needs no token."""

ACTION = "action"
"""Names the action of a route that is not 'look' for reading methods and 'change' for others."""

GuardCallable = Callable[
    [ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Coroutine[Any, Any, None]
]

_READING = {"GET", "HEAD", "OPTIONS"}


def action_of(method: str, opt: dict[str, Any]) -> Action:
    """What a call of this route means, as far as roles tell it apart."""
    marked = opt.get(ACTION)
    if isinstance(marked, Action):
        return marked
    return Action.LOOK if method in _READING else Action.CHANGE


def bearer(header: str | None) -> str:
    """The secret of an Authorization header. Raises Unauthenticated, saying how to send one."""
    scheme, _, secret = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated(
            "Send a token in the header 'Authorization: Bearer TOKEN'. On the server's machine it "
            "lies in the file 'token' of its home; others ask an owner for one."
        )
    return secret.strip()


def make_guard(tokens: Tokens) -> GuardCallable:
    """What checks every call before its body is read."""

    async def guard(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Raises Unauthenticated, Forbidden."""
        if handler.opt.get(PUBLIC):
            return
        secret = bearer(connection.headers.get("Authorization"))
        token: Token = await asyncio.to_thread(tokens.authenticate, secret)
        action = action_of(str(connection.scope.get("method", "")), handler.opt)
        authorize(token, action)
        check_scope(token, action, connection.path_params.get("ws"))
        connection.scope["auth"] = token

    return guard

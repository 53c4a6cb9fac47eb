"""Routes of API tokens; owners only."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from modelyard.api.access import ACTION
from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page, to_wire
from modelyard.usecases.authorize import Action
from modelyard.wire.base import Page
from modelyard.wire.tokens import Token, TokenRequest


class TokenRoutes(Controller):
    """``/tokens``."""

    path = "/tokens"
    tags = ["tokens"]
    opt = {ACTION: Action.MANAGE_TOKENS}

    @get(sync_to_thread=True)
    def list_tokens(self, cases: NamedDependency[UseCases]) -> Page[Token]:
        """All tokens, newest first, revoked ones too; never their secrets."""
        return to_page(cases.tokens.list(), Token)

    @post(sync_to_thread=True)
    def create_token(
        self, cases: NamedDependency[UseCases], data: JSONBody[TokenRequest]
    ) -> Token:
        """Makes a token; its secret is in this answer and nowhere else."""
        token, secret = cases.tokens.create(data.name, data.role)
        made = to_wire(token, Token)
        made.secret = secret
        return made

    @delete("/{id:str}", sync_to_thread=True)
    def revoke_token(self, cases: NamedDependency[UseCases], id: FromPath[str]) -> None:
        """From now on the token opens nothing."""
        cases.tokens.revoke(id)

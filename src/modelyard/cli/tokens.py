"""token: who may speak to the server."""

from typing import Annotated

import typer

from modelyard.cli.choose import server
from modelyard.cli.output import Json, say, show, show_all
from modelyard.sdk.client import path
from modelyard.wire.tokens import Token, TokenRequest

NONE = "No tokens."
app = typer.Typer(no_args_is_help=True, help="API tokens and their roles.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose or what for.")],
    role: Annotated[str, typer.Option(help="reader, contributor or owner")] = "contributor",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the token alone.")] = False,
    as_json: Json = False,
) -> None:
    """Make a token. It is shown now and never again: only its hash is kept."""
    token = server().send("POST", "/tokens", TokenRequest(name=name, role=role), Token)
    if quiet:
        say(token.secret or "")
    else:
        show(token, as_json, ["id", "name", "role", "secret"])


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the tokens, without their secrets."""
    tokens = server().items("/tokens", Token)
    show_all(tokens, as_json, ["id", "name", "role", "created", "revoked"], NONE)


@app.command()
def revoke(id: Annotated[str, typer.Argument(help="The token's id, as listed.")]) -> None:
    """End a token at once."""
    server().tell("DELETE", path("tokens", id))
    say(f"Token {id} is revoked.")

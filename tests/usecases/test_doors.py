"""Which tokens the gateway lets through by itself."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from modelyard.bootstrap.doors import make_doors
from modelyard.domain.runs import RunStatus
from modelyard.domain.tokens import Role, Token
from modelyard.testing.conformance.stores import samples
from modelyard.testing.conformance.stores.runs import furnished
from modelyard.usecases.job_tokens import JobTokens
from modelyard.usecases.routes import doors
from modelyard.usecases.tokens import Tokens
from tests.usecases.yard import Yard

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest().upper()


def test_revoked_tokens_and_those_without_a_hash_open_nothing() -> None:
    token = Token("t1", "ci", Role.READER, digest("s").lower(), NOW)

    assert doors([token]) == {digest("s"): "*/reader"}
    assert doors([replace(token, revoked=NOW), replace(token, sha256="")]) == {}


def test_tokens_open_until_they_are_revoked_and_each_change_is_told(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    told: list[bool] = []
    tokens = Tokens(yard.stores.tokens, yard.clock, changed=lambda: told.append(True))
    now = make_doors(yard.stores, yard.adapters.secret, yard.clock)

    token, secret = tokens.create("ci", "owner")
    assert now() == {digest(secret): "*/owner"}
    tokens.revoke(token.id)

    assert now() == {}
    assert told == [True, True]


def test_the_token_of_a_job_opens_its_workspace_until_the_job_ends(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    furnished(yard.stores)
    job = samples.run("train", definition={"job": {"script": "train.py"}})
    run = yard.stores.runs.add(job)
    secret = JobTokens(yard.adapters.secret, yard.stores.runs, yard.clock).issue(run)
    now = make_doors(yard.stores, yard.adapters.secret, yard.clock)

    assert now() == {digest(secret): "lab/contributor"}

    yard.stores.runs.change("lab", "train", lambda r: replace(r, status=RunStatus.CANCELED))
    assert now() == {}

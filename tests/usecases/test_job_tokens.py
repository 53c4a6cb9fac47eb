"""Tokens of jobs: signed, for one workspace, and only while their job goes on."""

from pathlib import Path

import pytest

from modelyard.domain.errors import Forbidden, Unauthenticated
from modelyard.domain.runs import Run
from modelyard.domain.tokens import Role, WorkspaceToken
from modelyard.usecases.authorize import Action, check_scope
from modelyard.usecases.job_tokens import AFTER, JobTokens
from modelyard.wire.runs import RunChange, RunRequest
from tests.usecases.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.workspace()
    return made


@pytest.fixture
def run(yard: Yard) -> Run:
    return yard.cases.runs.create("ws", RunRequest(experiment="train"))


def tokens(yard: Yard, secret: bytes | None = None) -> JobTokens:
    return JobTokens(secret or yard.adapters.secret, yard.stores.runs, yard.clock)


def test_it_is_recognised_as_a_contributor_of_one_workspace(yard: Yard, run: Run) -> None:
    found = yard.cases.tokens.authenticate(tokens(yard).issue(run))

    assert isinstance(found, WorkspaceToken)
    assert (found.role, found.workspace) == (Role.CONTRIBUTOR, "ws")
    assert [token.name for token in yard.cases.tokens.list()] == []


def test_it_opens_nothing_some_time_after_the_end_of_its_run(yard: Yard, run: Run) -> None:
    secret = tokens(yard).issue(run)
    yard.cases.runs.change("ws", run.id, RunChange(status="Completed"))
    yard.clock.advance(AFTER.total_seconds() - 1)
    assert tokens(yard).authenticate(secret)
    yard.clock.advance(2)

    with pytest.raises(Unauthenticated, match="has ended"):
        tokens(yard).authenticate(secret)


@pytest.mark.parametrize("change", ["another body", "another end", "nothing", "another home"])
def test_a_forged_one_is_refused(yard: Yard, run: Run, change: str) -> None:
    secret = tokens(yard).issue(run)
    other = yard.cases.runs.create("ws", RunRequest(experiment="train"))
    forged = {
        "another body": tokens(yard).issue(other).partition(".")[0] + "." + secret.split(".")[1],
        "another end": secret[:-4] + ("AAA=" if secret[-4:] != "AAA=" else "BBB="),
        "nothing": "myjob_",
        "another home": tokens(yard, b"another").issue(run),
    }[change]

    with pytest.raises(Unauthenticated, match="not made here"):
        yard.cases.tokens.authenticate(forged)


def test_one_of_a_removed_run_is_refused(yard: Yard, run: Run) -> None:
    secret = tokens(yard).issue(run)
    yard.stores.workspaces.remove("ws")

    with pytest.raises(Unauthenticated, match="gone"):
        tokens(yard).authenticate(secret)


def test_its_scope_is_its_workspace_and_what_belongs_to_none(yard: Yard, run: Run) -> None:
    token = tokens(yard).authenticate(tokens(yard).issue(run))

    check_scope(token, Action.CHANGE, "ws")
    check_scope(token, Action.CHANGE, None)
    with pytest.raises(Forbidden, match="'ws' only"):
        check_scope(token, Action.LOOK, "other")
    with pytest.raises(Forbidden, match="'ws' only"):
        check_scope(token, Action.CREATE_WORKSPACE, None)

"""Tokens, workspaces, experiments, environments and roles."""

import pytest

from modelyard.domain.errors import (
    AlreadyExists,
    BadInput,
    BadName,
    Conflict,
    Forbidden,
    InUse,
    NotFound,
    Unauthenticated,
)
from modelyard.domain.tokens import Role
from modelyard.usecases.authorize import ROLES, Action, authorize
from modelyard.usecases.workspaces import Workspaces
from modelyard.wire.environments import BuildRequest, EnvironmentDefinition
from modelyard.wire.experiments import ExperimentChange, ExperimentRequest
from modelyard.wire.workspaces import WorkspaceChange, WorkspaceRequest
from tests.usecases.yard import Yard


def test_a_token_opens_until_it_is_revoked(yard: Yard) -> None:
    token, secret = yard.cases.tokens.create("ci", "contributor")
    assert yard.cases.tokens.authenticate(secret) == token
    assert secret not in repr(yard.cases.tokens.list())

    yard.cases.tokens.revoke(token.id)

    with pytest.raises(Unauthenticated, match="revoked"):
        yard.cases.tokens.authenticate(secret)
    with pytest.raises(Unauthenticated):
        yard.cases.tokens.authenticate("my_guess\ud800")


def test_a_token_of_no_role_is_refused(yard: Yard) -> None:
    with pytest.raises(BadInput, match="reader, contributor, owner"):
        yard.cases.tokens.create("ci", "admin")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_roles_include_the_smaller_ones(yard: Yard, role: Role, action: Action) -> None:
    token, _ = yard.cases.tokens.create("someone", role)

    if role.includes(ROLES[action]):
        authorize(token, action)
    else:
        with pytest.raises(Forbidden, match=ROLES[action]):
            authorize(token, action)


def test_a_workspace_is_there_once(yard: Yard) -> None:
    with pytest.raises(AlreadyExists):
        yard.cases.workspaces.create(WorkspaceRequest(name="ws"))
    found = yard.cases.workspaces.create(WorkspaceRequest(name="ws", exist_ok=True))

    assert found == yard.cases.workspaces.get("ws")
    change = WorkspaceChange(tags={"a": "b"})
    assert yard.cases.workspaces.change("ws", change).tags == {"a": "b"}


def test_a_workspace_with_services_stays_unless_they_may_go(yard: Yard) -> None:
    yard.deploy()

    with pytest.raises(InUse, match="salary"):
        yard.cases.workspaces.delete("ws")

    def pause(seconds: float) -> None:
        yard.clock.advance(seconds)
        yard.reconciler.step()

    workspaces = Workspaces(yard.stores.workspaces, yard.stores.services, yard.clock, pause)
    workspaces.delete("ws", delete_services=yard.cases.services.delete)
    with pytest.raises(NotFound):
        yard.cases.workspaces.get("ws")


def test_services_that_do_not_end_are_not_waited_for_for_ever(yard: Yard) -> None:
    yard.deploy()
    store = yard.stores
    workspaces = Workspaces(store.workspaces, store.services, yard.clock, yard.clock.advance)

    with pytest.raises(Conflict, match="again"):
        workspaces.delete("ws", delete_services=yard.cases.services.delete)


def test_an_experiment_is_made_when_first_named_and_can_be_put_away(yard: Yard) -> None:
    request = ExperimentRequest(name="salexp", tags={"a": "1"})
    made = yard.cases.experiments.ensure("ws", request)
    assert yard.cases.experiments.ensure("ws", ExperimentRequest(name="salexp")) == made

    away = yard.cases.experiments.change("ws", "salexp", ExperimentChange(archived=True))
    assert away.archived == yard.clock.now()
    back = yard.cases.experiments.change("ws", "salexp", ExperimentChange(archived=False))
    assert back.archived is None


def test_the_same_definition_is_the_same_version(yard: Yard) -> None:
    definition = EnvironmentDefinition(name="env", pip_packages=["numpy"])
    first = yard.cases.environments.register("ws", definition)
    again = yard.cases.environments.register("ws", definition)
    definition.pip_packages = ["numpy", "pandas"]
    other = yard.cases.environments.register("ws", definition)

    assert [first.version, again.version, other.version] == [1, 1, 2]
    with pytest.raises(NotFound, match="Did you mean 'env'"):
        yard.cases.environments.get("ws", "envs")


@pytest.mark.parametrize("name", ["AzureML-sklearn", "microsoft.x", "no spaces"])
def test_names_of_environments_that_are_refused(yard: Yard, name: str) -> None:
    with pytest.raises(BadName):
        yard.cases.environments.register("ws", EnvironmentDefinition(name=name))


def test_a_build_can_be_asked_for_and_its_log_followed(yard: Yard) -> None:
    definition = EnvironmentDefinition(name="env", pip_packages=["numpy==1.26.0"])
    build = yard.cases.environments.request_build("ws", BuildRequest(definition=definition))
    assert yard.cases.environments.build_log("ws", build.digest, 0)[0] == b""

    yard.settle()

    log, end, build = yard.cases.environments.build_log("ws", build.digest, 0)
    assert (build.state, b"Ready" in log) == ("Succeeded", True)
    assert yard.cases.environments.build_log("ws", build.digest, end)[:2] == (b"", end)


def test_a_torn_character_waits_for_the_next_piece_of_the_log(yard: Yard) -> None:
    definition = EnvironmentDefinition(name="env", pip_packages=["numpy==1.26.0"])
    build = yard.cases.environments.request_build("ws", BuildRequest(definition=definition))
    log = yard.home / "logs/builds" / f"{build.digest}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes("größe".encode()[:3])

    piece, end, _ = yard.cases.environments.build_log("ws", build.digest, 0)
    log.write_bytes("größe".encode())
    rest, _, _ = yard.cases.environments.build_log("ws", build.digest, end)

    assert (piece + rest).decode() == "größe"
    assert piece == b"gr"

"""From what is stored to what runs, over fakes."""

from dataclasses import replace
from pathlib import Path

import pytest

from modelyard.domain.environments import BuildState
from modelyard.domain.errors import NotFound
from modelyard.domain.fronts import FrontState
from modelyard.wire.contents import Batching, LocalModel, ServingOptions
from modelyard.wire.services import ServiceChange
from tests.usecases.yard import Yard


def test_a_deployed_service_becomes_healthy_and_is_routed_to(yard: Yard) -> None:
    yard.deploy(content=yard.content(models=[yard.model()]))

    yard.settle()

    assert yard.view().state == "Healthy"
    key = yard.cases.services.keys("ws", "salary").primary
    answer = yard.gateway.ask("POST", "/serve/ws/salary/score", key=key)
    assert (answer.status, answer.front) == (200, yard.revisions()[1].id)
    assert yard.gateway.ask("POST", "/serve/ws/salary/score").status == 401


def test_files_lie_where_azure_puts_them(yard: Yard) -> None:
    source = yard.snapshot({"score.py": "x = 1", "lib/data.json": "{}"})
    content = yard.content(
        source=source, source_name="source_directory", models=[yard.model(), yard.model()]
    )
    yard.deploy(content=content)

    yard.settle()

    [spec] = yard.target.specs.values()
    root = yard.home / "services" / yard.revisions()[1].id / "app"
    assert spec.app_root == str(root)
    assert spec.entry_script == "source_directory/score.py"
    assert (root / "source_directory/lib/data.json").read_text() == "{}"
    assert (root / "azureml-models/salary/1/model.pkl").read_text() == "weights"
    assert spec.model_dir == str(root / "azureml-models")
    assert [m.path for m in spec.models] == [
        str(root / f"azureml-models/salary/{v}/model.pkl") for v in (1, 2)
    ]


def test_one_model_alone_is_the_model_folder(yard: Yard) -> None:
    yard.deploy(content=yard.content(models=[yard.model()]))

    yard.settle()

    [spec] = yard.target.specs.values()
    assert spec.model_dir.endswith("/app/azureml-models/salary/1")


def test_a_local_model_has_version_0(yard: Yard) -> None:
    model = LocalModel(name="m.pkl", manifest=yard.snapshot({"m.pkl": "bytes"}))
    yard.deploy(content=yard.content(local_models=[model]))

    yard.settle()

    [spec] = yard.target.specs.values()
    assert [(m.name, m.version) for m in spec.models] == [("m.pkl", 0)]
    assert yard.view().models == ["m.pkl:0"]


def test_an_update_starts_beside_the_old_and_then_stops_it(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    old = yard.revisions()[1].id

    yard.cases.services.update("ws", "salary", ServiceChange(variables={"A": "1"}))
    yard.settle()

    new = yard.revisions()[2].id
    assert yard.states() == {1: "stopped", 2: "ready"}
    kinds = [call for call in yard.target.calls if call[1] in {old, new}]
    assert kinds == [("start", old), ("start", new), ("drain", old), ("stop", old)]
    assert not (yard.home / "services" / old).exists()
    assert yard.target.specs[new].variables["A"] == "1"


def test_no_routing_table_on_the_way_leads_nowhere(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    yard.gateway.applied.clear()

    yard.cases.services.update("ws", "salary", ServiceChange(reload=True))
    yard.settle()

    for table in yard.gateway.applied:
        [route] = table.routes
        assert route.backend in table.backends


def test_of_two_services_with_one_local_port_the_older_has_it(yard: Yard) -> None:
    older = yard.deploy("zebra", kind="Local")
    yard.settle()
    yard.clock.advance(1)
    younger = yard.deploy("ant", kind="Local")
    yard.stores.services.change(younger.id, lambda found: replace(found, port=older.port))

    yard.settle()

    routes = {route.service: route for route in yard.gateway.applied[-1].routes}
    assert (routes["zebra"].port, routes["ant"].port) == (older.port, None)
    assert routes["ant"].backend is not None


def test_a_failed_update_leaves_the_old_one_serving(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    yard.target.first = FrontState.STARTING
    yard.cases.services.update("ws", "salary", ServiceChange(reload=True))
    yard.step_until(lambda: yard.states()[2] == "starting")

    error = {"type": "ValueError", "message": "no", "file": "score.py", "line": 3}
    yard.target.say(yard.revisions()[2].id, FrontState.FAILED, error=error)
    yard.settle()

    view = yard.view()
    assert (view.state, view.live_revision, view.wanted_revision) == ("Failed", 1, 2)
    assert view.error is not None
    assert view.error["line"] == 3
    assert "revision 1 goes on serving" in view.notes
    assert yard.target.running() == [yard.revisions()[1].id]


def test_a_build_that_fails_fails_the_revision_with_the_resolvers_words(yard: Yard) -> None:
    definition = yard.content().environment
    definition.pip_packages = ["no-such-package==1.0"]

    yard.deploy(content=yard.content(environment=definition))
    yard.settle()

    view = yard.view()
    assert view.state == "Failed"
    assert view.error is not None
    assert view.error["type"] == "EnvironmentBuildFailed"
    assert "no-such-package" in view.error["message"]


def test_deploying_again_tries_a_failed_build_again(yard: Yard) -> None:
    definition = yard.content().environment
    definition.pip_packages = ["no-such-package==1.0"]
    yard.deploy(content=yard.content(environment=definition))
    yard.settle()
    yard.builder._unknown = frozenset()

    yard.deploy(content=yard.content(environment=definition), overwrite=True)
    yard.settle()

    assert yard.view().state == "Healthy"


def test_a_build_that_was_cut_off_is_begun_again(yard: Yard) -> None:
    yard.deploy()
    [build] = yard.stores.environments.list_builds()
    yard.stores.environments.update_build(
        type(build)(build.digest, build.recipe, BuildState.RUNNING, build.requested)
    )

    yard.reconciler = yard.new_reconciler()
    yard.settle()

    assert yard.view().state == "Healthy"
    assert (yard.home / f"logs/builds/{build.digest}.log").read_text().startswith("Ready")


def test_a_new_leader_finds_everything_and_changes_nothing(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    calls = list(yard.target.calls)

    yard.reconciler = yard.new_reconciler()
    yard.settle()

    assert yard.target.calls == calls
    assert yard.view().state == "Healthy"


def test_a_leader_that_died_in_the_middle_is_followed(yard: Yard) -> None:
    yard.target.first = FrontState.STARTING
    yard.deploy()
    yard.step_until(lambda: yard.states()[1] == "starting")

    yard.reconciler = yard.new_reconciler()
    yard.target.say(yard.revisions()[1].id, FrontState.READY, ready_workers=1)
    yard.settle()

    assert yard.view().state == "Healthy"


def test_a_front_that_belongs_to_nothing_is_stopped(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    id = yard.revisions()[1].id
    yard.stores.services.remove(yard.stores.services.get("ws", "salary").id)

    yard.settle()

    assert ("stop", id) in yard.target.calls


def test_stopping_and_starting_keeps_the_revision(yard: Yard) -> None:
    yard.deploy()
    yard.settle()

    yard.cases.services.update("ws", "salary", ServiceChange(enabled=False))
    yard.settle()

    assert yard.view().state == "Stopped"
    assert yard.target.running() == []
    key = yard.cases.services.keys("ws", "salary").primary
    assert yard.gateway.ask("POST", "/serve/ws/salary/score", key=key).status == 503

    yard.cases.services.update("ws", "salary", ServiceChange(enabled=True))
    yard.settle()

    assert yard.view().state == "Healthy"
    assert yard.states() == {1: "ready"}


def test_a_deleted_service_leaves_nothing(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    id = yard.revisions()[1].id
    log = yard.home / "logs/services" / f"{id}.log"
    log.write_text("printed")

    yard.cases.services.delete("ws", "salary")
    assert yard.view().state == "Deleting"
    yard.settle()

    with pytest.raises(NotFound):
        yard.cases.services.get("ws", "salary")
    assert yard.target.running() == []
    assert yard.gateway.table.routes == ()
    assert not (yard.home / "services" / id).exists()
    assert not log.exists()


def test_requests_under_way_are_waited_for(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    old = yard.revisions()[1].id
    yard.target.say(old, FrontState.READY, in_flight=1)
    yard.cases.services.update("ws", "salary", ServiceChange(reload=True))
    yard.step_until(lambda: yard.states()[1] == "draining")
    yard.reconciler.step()

    for _ in range(5):
        yard.clock.advance(2)
        yard.reconciler.step()

    assert yard.states() == {1: "draining", 2: "ready"}
    yard.target.say(old, FrontState.DRAINING, in_flight=0)
    yard.settle()
    assert yard.states() == {1: "stopped", 2: "ready"}


def test_with_some_of_several_fronts_away_the_service_says_how_many_workers_answer(
    yard: Yard,
) -> None:
    yard.deploy(content=yard.content(serving=ServingOptions(fronts=2, workers=4)))
    yard.settle()
    revision = yard.revisions()[1].id
    yard.target.say(revision, FrontState.UNHEALTHY, ready_workers=2, notes=("said by a front",))

    assert yard.view().state == "Unhealthy"
    assert yard.view().step == "2 of 4 workers answer; the others are being started again"
    assert "said by a front" in yard.view().notes


def test_the_gateway_is_told_every_front_of_a_revision(yard: Yard) -> None:
    yard.deploy(content=yard.content(serving=ServingOptions(fronts=2)))
    yard.settle()
    revision = yard.revisions()[1].id

    assert [Path(path).name for path in yard.gateway.table.backends[revision].sockets] == [
        f"{revision}.1.sock",
        f"{revision}.2.sock",
    ]
    assert yard.target.specs[revision].workers == 2  # one for each front at least


def test_the_gateway_waits_for_a_batch_that_is_run_once_more(yard: Yard) -> None:
    yard.deploy("alone", content=yard.content(serving=ServingOptions(scoring_timeout=7)))
    batched = ServingOptions(scoring_timeout=7, batching=Batching(max_size=8))
    yard.deploy("batched", content=yard.content(serving=batched))
    yard.settle()

    alone, twice = (
        yard.gateway.table.backends[yard.revisions(name)[1].id] for name in ("alone", "batched")
    )
    assert twice.timeout == alone.timeout + 7


def test_a_service_that_comes_back_after_a_restart_is_on_its_way_not_unhealthy(yard: Yard) -> None:
    yard.deploy()
    yard.settle()

    yard.target.say(yard.revisions()[1].id, FrontState.STARTING)

    assert (yard.view().state, yard.view().step) == (
        "Transitioning",
        "coming back: init() is running",
    )


def test_only_the_last_three_revisions_are_remembered(yard: Yard) -> None:
    yard.deploy()
    for _ in range(4):
        yard.settle()
        yard.cases.services.update("ws", "salary", ServiceChange(reload=True))

    yard.settle()

    assert yard.states() == {3: "stopped", 4: "stopped", 5: "ready"}


def test_the_gateway_refusing_holds_the_service_back_until_it_does_not(yard: Yard) -> None:
    yard.gateway.failure = "no room for more backends"
    yard.deploy()
    yard.step_until(lambda: yard.states()[1] == "ready")
    assert (yard.view().state, yard.view().step) == ("Transitioning", "opening the address")

    yard.gateway.failure = None
    yard.settle()

    assert yard.view().state == "Healthy"


def test_an_occupied_port_fails_its_service_and_no_other(yard: Yard) -> None:
    service = yard.deploy("local-one", kind="Local")
    assert service.port is not None
    yard.gateway.taken_ports.add(service.port)
    yard.deploy("other")

    yard.settle()

    assert yard.view("other").state == "Healthy"
    failed = yard.view("local-one")
    assert failed.state == "Failed"
    assert failed.error is not None
    assert str(service.port) in failed.error["message"]


def test_an_environment_removed_since_is_built_again(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    [digest] = yard.builder.digests()
    yard.builder.remove(digest)

    yard.cases.services.update("ws", "salary", ServiceChange(reload=True))
    yard.settle()

    assert yard.view().state == "Healthy"
    assert yard.builder.builds == [digest, digest]


def test_open_services_are_closed_when_the_server_comes_to_a_network(tmp_path) -> None:
    yard = Yard(tmp_path, host="0.0.0.0", allow_open=True)
    yard.workspace()
    yard.deploy(kind="ACI")
    yard.settle()
    assert yard.gateway.ask("POST", "/serve/ws/salary/score").status == 200

    yard.allow_open = False
    yard.reconciler = yard.new_reconciler()
    yard.settle()

    assert yard.gateway.ask("POST", "/serve/ws/salary/score").status == 401

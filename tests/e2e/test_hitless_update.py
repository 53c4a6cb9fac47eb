"""A service is updated, and its gateway reloaded, while callers go on: nobody notices."""

from pathlib import Path

from modelyard import Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard
from tests.e2e.load import load


def test_no_request_fails_while_a_service_is_updated(sdk: Yard, tmp_path: Path) -> None:
    ws = Workspace.create("updates")
    service = deploy(ws, "echo", config(tmp_path / "a", ANSWER="first"))
    key, _ = service.get_keys()

    with load(service.scoring_uri, key) as seen:
        seen.more(200)
        deploy(ws, "echo", config(tmp_path / "b", ANSWER="second"), overwrite=True)
        seen.more(200)
        deploy(ws, "echo", config(tmp_path / "c", ANSWER="third"), overwrite=True)
        seen.more(200)

    assert seen.failures == []
    assert set(seen.answers) == {"first", "second", "third"}
    assert service.get_keys()[0] == key


def test_no_request_fails_while_the_gateway_reloads_twenty_times(
    sdk: Yard, tmp_path: Path
) -> None:
    ws = Workspace.create("reloads", exist_ok=True)
    service = deploy(ws, "steady", config(tmp_path / "a"))
    other = config(tmp_path / "other")

    with load(service.scoring_uri, service.get_keys()[0]) as seen:
        for _ in range(10):
            # a new backend reloads the gateway, and so does one that goes
            neighbour = deploy(ws, "neighbour", other)
            neighbour.delete()
            seen.more(20)

    assert seen.failures == []

"""A yard is saved while it serves, and comes back in another home with its keys."""

import json
from pathlib import Path

from modelyard import Model, Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard, free_port
from tests.e2e.load import load
from tests.waiting import wait_until


def test_a_service_answers_with_its_old_key_from_a_restored_home(
    sdk: Yard, tmp_path: Path
) -> None:
    ws = Workspace.create("saved")
    (tmp_path / "weights.txt").write_text("weights")
    Model.register(ws, model_path=str(tmp_path / "weights.txt"), model_name="weights")
    service = deploy(ws, "echo", config(tmp_path / "a", ANSWER="still here"))
    key, _ = service.get_keys()
    file = tmp_path / "yard.tar"
    new = Yard(home=tmp_path / "other", port=free_port())

    with load(service.scoring_uri, key) as seen:
        seen.more(50)
        sdk.cli("backup", str(file))
        seen.more(50)
    assert seen.failures == []
    sdk.down()
    new.cli("restore", str(file))
    try:
        new.up()
        wait_until(lambda: new.score("echo", {}, workspace="saved", key=key).status == 200, 60)

        answer = new.score("echo", {"n": 1}, workspace="saved", key=key)
        assert json.loads(answer.data)["answer"] == "still here"
        assert new.score("echo", {}, workspace="saved", key="wrong").status == 401
        assert "weights" in new.cli("model", "list", "--workspace", "saved").stdout
        counted = "SELECT count(*) AS n FROM requests WHERE source = 'front'"
        kept = json.loads(new.cli("query", counted, "--json").stdout)[0]["n"]
        assert kept >= 100  # those before and during the backup, which were in no file yet
    finally:
        new.down()
        new.kill_all()

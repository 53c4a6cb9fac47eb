"""The listings of the book's chapter, run through the alias: B1 to B14 and B16 to B20."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import urllib3

from tests.e2e.harness import Yard, free_port, yard

BOOK = Path(__file__).parent / "book"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("book")
    with yard(folder) as server:
        work = folder / "work"
        shutil.copytree(BOOK, work)
        yield server, work


def run(server: Yard, work: Path, script: str, check: bool = True, **variables: str) -> str:
    """Run a script of the book; all that it printed."""
    server.extra = variables
    done = server.run(sys.executable, "-m", "modelyard.azureml", script, cwd=work, check=check)
    return done.stdout + done.stderr


def test_a_model_is_trained_registered_and_served_locally(place: tuple[Yard, Path]) -> None:
    server, work = place
    port = free_port()

    said = run(server, work, "registered.py", BOOK_PORT=str(port))

    assert "sklearn_mnist\tsklearn_mnist:1\t1" in said
    assert "sklearn_mnist:2 ScikitLearn 0.24.2" in said
    assert f"Scoring URL: http://localhost:{port}/score" in said
    assert "running" in said.splitlines()
    answer = urllib3.request("POST", f"http://127.0.0.1:{port}/score", json={"data": [[0] * 64]})
    assert answer.status == 200
    assert isinstance(json.loads(answer.data)[0], int)


def test_a_model_is_served_without_a_script(place: tuple[Yard, Path]) -> None:
    server, work = place

    said = run(server, work, "no_code.py")

    assert "Succeeded" in said
    assert json.loads(said.strip().splitlines()[-1]) == {"predict": [0, 1]}


def test_a_folder_model_is_served_with_keys(place: tuple[Yard, Path]) -> None:
    server, work = place
    (work / ".azureml").mkdir(exist_ok=True)
    (work / ".azureml" / "config.json").write_text(
        '{"subscription_id": "s", "resource_group": "r", "workspace_name": "sentiment"}'
    )
    server.cli("workspace", "create", "sentiment", "--exist-ok")
    shutil.rmtree(work / "outputs", ignore_errors=True)

    said = run(server, work, "sentiment.py", BOOK_AUTH="on", BOOK_SCRIPT="scoring_file.py")

    assert "Healthy" in said.splitlines()
    assert json.loads(said.strip().splitlines()[-1]) == {"sentiment": "POSITIVE"}


def test_the_printed_model_path_is_answered_by_a_hint(place: tuple[Yard, Path]) -> None:
    server, work = place
    server.cli("workspace", "create", "sentiment", "--exist-ok")
    (work / ".azureml").mkdir(exist_ok=True)
    (work / ".azureml" / "config.json").write_text(
        '{"subscription_id": "s", "resource_group": "r", "workspace_name": "sentiment"}'
    )
    shutil.rmtree(work / "outputs", ignore_errors=True)

    said = run(
        server, work, "sentiment.py", check=False, BOOK_AUTH="on", BOOK_SCRIPT="printed_file.py"
    )

    assert "one level below AZUREML_MODEL_DIR" in said
    assert "printed_file.py" in said


def test_keys_of_an_open_service_are_refused_with_a_sentence(place: tuple[Yard, Path]) -> None:
    server, work = place
    (work / ".azureml").mkdir(exist_ok=True)
    (work / ".azureml" / "config.json").write_text(
        '{"subscription_id": "s", "resource_group": "r", "workspace_name": "keyless"}'
    )
    server.cli("workspace", "create", "keyless", "--exist-ok")
    shutil.rmtree(work / "outputs", ignore_errors=True)

    said = run(
        server, work, "sentiment.py", check=False, BOOK_AUTH="off", BOOK_SCRIPT="scoring_file.py"
    )

    assert "open: no key needed" in said
    assert "WebserviceException" in said

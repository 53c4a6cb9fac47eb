import subprocess
import sys
from pathlib import Path

from tests.e2e.harness import Yard, free_port

CREATE = "from modelyard import Workspace\nprint(Workspace.create('first').name)"


def python(code: str, server: Yard, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**server.environment, **variables}, capture_output=True, text=True,
    )  # fmt: skip


def test_the_local_server_is_started_when_none_runs_and_a_line_says_so(tmp_path: Path) -> None:
    fresh = Yard(home=tmp_path / "home", port=free_port())
    try:
        done = python(CREATE, fresh)

        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            f"Starting Modelyard at {fresh.url} (end it with 'modelyard down').",
            "Workspace first is ready.",
            "first",
        ]
    finally:
        fresh.down()
        fresh.kill_all()


def test_without_the_servers_parts_the_error_names_the_extra(tmp_path: Path) -> None:
    fresh = Yard(home=tmp_path / "home", port=free_port())

    done = python("import sys\nsys.modules['litestar'] = None\n" + CREATE, fresh)

    assert 'pip install "modelyard[server]"' in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_server_that_was_named_is_never_started(tmp_path: Path) -> None:
    fresh = Yard(home=tmp_path / "home", port=free_port())

    done = python(CREATE, fresh, MODELYARD_URL="http://127.0.0.1:9", MODELYARD_TOKEN="t")

    assert "http://127.0.0.1:9 does not answer" in done.stderr
    assert not (tmp_path / "home").exists()


def test_the_homes_token_goes_to_the_homes_server_only(server: Yard) -> None:
    code = "from modelyard.sdk.launch import connect\nprint(connect().token is not None)"

    own = python(code, server, MODELYARD_URL=server.url)
    other = python(code, server, MODELYARD_URL="http://127.0.0.1:9")

    assert (own.stdout.strip(), other.stdout.strip()) == ("True", "False")


def test_a_wrong_token_is_refused_with_a_sentence(server: Yard) -> None:
    done = python(CREATE, server, MODELYARD_TOKEN="wrong")

    assert "WorkspaceException" in done.stderr
    assert "token" in done.stderr.splitlines()[-1]

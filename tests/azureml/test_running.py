import subprocess
import sys
from pathlib import Path

import pytest

SHOW = """
import sys, azureml.core
print(__name__, sys.argv, sys.path[0])
import beside
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modelyard.azureml", *arguments],
        capture_output=True, text=True, cwd=cwd,
    )  # fmt: skip


def test_a_script_runs_as_python_would_run_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "script.py").write_text(SHOW)
    (tmp_path / "in" / "beside.py").write_text("print('beside')")

    done = run("in/script.py", "--a", "-m", cwd=tmp_path)

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"__main__ ['in/script.py', '--a', '-m'] {tmp_path / 'in'}",
        "beside",
    ]


def test_a_module_runs_from_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SHOW)
    (tmp_path / "beside.py").write_text("print('beside')")

    done = run("-m", "script", "x", cwd=tmp_path)

    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "beside"
    assert "'x'" in done.stdout


@pytest.mark.parametrize(
    ("text", "code"), [("raise SystemExit(3)", 3), ("1/0", 1), ("import sys; sys.exit()", 0)]
)
def test_the_exit_code_is_the_scripts(tmp_path: Path, text: str, code: int) -> None:
    (tmp_path / "script.py").write_text(text)

    assert run("script.py", cwd=tmp_path).returncode == code


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = run("nothing.py", cwd=tmp_path)

    assert done.returncode == 2
    assert "nothing.py" in done.stderr
    assert run(cwd=tmp_path).returncode == 2
    assert "usage" in run("--help", cwd=tmp_path).stderr


def test_objects_of_the_script_can_be_pickled(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import pickle\nclass Mine: pass\nassert type(pickle.loads(pickle.dumps(Mine()))) is Mine"
    )

    assert run("script.py", cwd=tmp_path).stderr == ""


def test_a_scripts_error_is_shown_from_the_scripts_own_first_line(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("def share(x):\n    return 1 / x\n\nshare(0)\n")

    done = run("script.py", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.splitlines()[:2] == [
        "Traceback (most recent call last):",
        '  File "script.py", line 4, in <module>',
    ]
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")

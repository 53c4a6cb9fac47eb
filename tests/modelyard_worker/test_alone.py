"""modelyard_worker stands alone: standard library only, on every Python from 3.7 on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modelyard_worker
from tests.modelyard_worker import interpreters

ROOT = Path(modelyard_worker.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
OURS = {"modelyard_worker", *(path.stem for path in (ROOT / "shims").iterdir())}
VERSIONS = [f"3.{minor}" for minor in range(7, 15)]


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_the_standard_library_and_itself_alone(path):
    foreign = imported(path) - set(sys.stdlib_module_names) - OURS

    assert not foreign


@pytest.mark.parametrize("version", VERSIONS)
def test_compiles_with_every_interpreter_found(version):
    python = interpreters.found().get(version)
    if python is None:
        pytest.skip(f"no Python {version} on the PATH or under ~/.pyenv/versions")
    program = "import sys\nfor p in sys.argv[1:]: compile(open(p, 'rb').read(), p, 'exec')"

    done = subprocess.run(
        [python, "-W", "error", "-c", program, *map(str, FILES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_serves_with_every_interpreter_found(serve, version):
    python = interpreters.found().get(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")

    worker = serve("async def run(data):\n    return data\n", python)

    assert worker.score("a").json == "a"


def test_a_worker_can_import_nothing_else_of_ours(serve):
    worker = serve(
        """
        import pkgutil, os

        def run(data):
            ours = os.path.dirname(os.environ["PYTHONPATH"])
            found = [m.name for m in pkgutil.iter_modules([os.environ["PYTHONPATH"]])]
            try:
                import modelyard
            except ImportError:
                return found
            return found + ["modelyard"]
        """,
        interpreters.found().get("3.7", sys.executable),
    )

    modules = worker.score("a").json

    assert modules == ["modelyard_worker"] or "3.7" not in interpreters.found()


def test_files_of_the_user_do_not_become_the_workers_own(launch):
    worker = launch("import email\n\ndef run(data):\n    return email.MINE\n")
    (worker.folder / "email.py").write_text("MINE = 1\n")
    (worker.folder / "argparse.py").write_text("raise RuntimeError('shadowed')\n")

    assert worker.greet().head.get("ready")
    assert worker.score("a").json == 1

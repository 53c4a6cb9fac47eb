import subprocess
import sys
from pathlib import Path

from modelyard.targets.local.runtime import digest_of, installed_package, lay_worker


def a_package(folder: Path, text: str = "A = 1\n") -> Path:
    package = folder / "modelyard_worker"
    (package / "shims").mkdir(parents=True)
    (package / "__init__.py").write_text(text)
    (package / "shims" / "names.json").write_text("{}")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"x")
    return package


def test_the_worker_is_laid_alone_and_without_bytecode(tmp_path: Path) -> None:
    folder = lay_worker(tmp_path, a_package(tmp_path / "installed"))

    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == ["modelyard_worker/__init__.py", "modelyard_worker/shims/names.json"]
    assert folder.parent == tmp_path / "runtime"


def test_laying_again_changes_nothing(tmp_path: Path) -> None:
    package = a_package(tmp_path / "installed")
    first = lay_worker(tmp_path, package)
    before = (first / "modelyard_worker" / "__init__.py").stat()

    assert lay_worker(tmp_path, package) == first

    assert (first / "modelyard_worker" / "__init__.py").stat().st_ino == before.st_ino


def test_another_release_lies_beside_the_old_one(tmp_path: Path) -> None:
    old = lay_worker(tmp_path, a_package(tmp_path / "old"))

    new = lay_worker(tmp_path, a_package(tmp_path / "new", "A = 2\n"))

    assert new != old
    assert (old / "modelyard_worker" / "__init__.py").read_text() == "A = 1\n"


def test_a_damaged_copy_is_laid_anew(tmp_path: Path) -> None:
    package = a_package(tmp_path / "installed")
    folder = lay_worker(tmp_path, package)
    (folder / "modelyard_worker" / "__init__.py").write_text("")

    lay_worker(tmp_path, package)

    assert digest_of(folder / "modelyard_worker") == folder.name
    assert [path.name for path in (tmp_path / "runtime").iterdir()] == [folder.name]


def test_only_the_worker_can_be_imported_from_it(tmp_path: Path) -> None:
    folder = lay_worker(tmp_path)
    code = "import importlib.util as u; print([bool(u.find_spec(n)) for n in NAMES])"
    names = "NAMES = ['modelyard_worker', 'modelyard', 'msgspec']; "

    done = subprocess.run(
        [sys.executable, "-S", "-c", names + code],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[True, False, False]"
    assert digest_of(installed_package()) == folder.name

"""Two releases of Modelyard as wheels: the present code, and the same as an older release."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def build(folder: Path, version: str | None = None) -> Path:
    """A wheel of the working tree; with ``version`` of another release and another worker."""
    tree = folder / f"tree-{version}"
    for name in ("src", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            tree.mkdir(exist_ok=True)
            shutil.copy(source, tree / name)
    if version is not None:
        project = tree / "pyproject.toml"
        text, count = re.subn(
            r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text(), count=1
        )
        assert count == 1
        project.write_text(text)
        worker = tree / "src/modelyard_worker/__init__.py"
        worker.write_text(worker.read_text() + f"\nRELEASE = {version!r}\n")
    out = folder / f"wheel-{version}"
    _run(UV, "build", "-q", "--wheel", "--out-dir", out, tree)
    (wheel,) = out.glob("*.whl")
    return wheel


def make_environment(folder: Path) -> Path:
    """The Python of a new environment that finds the packages this one has, not its Modelyard."""
    _run(UV, "venv", "-q", "--python", sys.executable, folder)
    (site,) = folder.glob("lib/python3.*/site-packages")
    (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin/python"


def install(python: Path, wheel: Path) -> None:
    """As an upgrade does it: over what is there, while it may be running."""
    _run(UV, "pip", "install", "-q", "--no-deps", "--python", python, wheel)


def _run(*command: object) -> None:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr

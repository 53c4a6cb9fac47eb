"""Nothing of Modelyard is installed where the model runs."""

from pathlib import Path

from modelyard import Workspace
from tests.e2e.deploying import config, deploy
from tests.e2e.harness import Yard

LIST = """
import json, os, pkgutil, sys

def init():
    pass

def run(data):
    found = sorted({m.name for m in pkgutil.iter_modules()})
    return {
        "modules": found,
        "path": sys.path,
        "variables": sorted(os.environ),
        "loaded": sorted(m for m in sys.modules if m.partition(".")[0] == "modelyard"),
    }
"""


def test_a_worker_can_import_nothing_of_ours_but_the_worker_itself(
    sdk: Yard, tmp_path: Path
) -> None:
    ws = Workspace.create("alone")
    service = deploy(ws, "lister", config(tmp_path / "source", LIST))

    seen = service.run("{}")

    assert "modelyard" not in seen["modules"]
    assert "modelyard_worker" in seen["modules"]
    assert not {"msgspec", "urllib3", "granian", "litestar", "numpy"} & set(seen["modules"])
    assert seen["loaded"] == []
    assert not any(
        "site-packages" in p and str(Path(__file__).parents[2]) in p for p in seen["path"]
    )
    assert not {"MODELYARD_TOKEN", "MODELYARD_HOME"} & set(seen["variables"])

"""Modelyard as a server under test: a front on its own, and one behind the gateway with a key."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import modelyard_worker
from benchmarks.serving_peers.base import PROGRAMS, Command, Peer, Place

KEY = "benchmark-key-benchmark-key-1234"
ROOT = Path(__file__).parents[2]


def runtime(folder: Path) -> Path:
    """The worker alone in a folder, as every release lays it out."""
    target = folder / "runtime"
    if not target.exists():
        source = Path(str(modelyard_worker.__file__)).parent
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target / "modelyard_worker", ignore=ignore)
    return target


def spec(place: Place, own: dict[str, Any]) -> Path:
    """The front's specification as the control plane would write it."""
    variables = {k: v for k, v in place.variables.items() if k != "PYTHONPATH"}
    written = {
        "id": "bench",
        "workspace": "ws",
        "service": "bench",
        "service_version": "default",
        "revision": 1,
        "python": place.python,
        "runtime": str(runtime(place.models.parent)),
        "app_root": str(PROGRAMS),
        "entry_script": "score.py",
        "model_dir": str(place.models),
        "socket": str(place.folder / "s"),
        "control_socket": str(place.folder / "c"),
        "log_file": str(place.folder / "service.log"),
        "variables": variables,
        **own,
    }
    file = place.folder / "front.json"
    file.write_text(json.dumps(written))
    return file


def front(**own: Any) -> Any:
    """A front that listens itself."""

    def command(place: Place) -> Command:
        argv = [sys.executable, "-m", "modelyard.bootstrap.front", str(spec(place, own))]
        return Command(argv, place.folder, socket=place.folder / "s")

    return command


def behind_gateway(**own: Any) -> Any:
    """A front behind HAProxy, configured by the product, with a key to check."""

    def command(place: Place) -> Command:
        argv = [sys.executable, "-m", "benchmarks.serving_peers.gateway", str(spec(place, own)),
                str(place.port), KEY]  # fmt: skip
        return Command(argv, place.folder, {"PYTHONPATH": str(ROOT)})

    return command


OURS = (
    Peer("ours", "Modelyard, run()", "modelyard", front(), ours=True),
    Peer(
        "ours-gateway", "Modelyard, run(), gateway with key", "modelyard", behind_gateway(),
        "/serve/ws/bench/score", headers={"Authorization": f"Bearer {KEY}"}, ours=True,
    ),
)  # fmt: skip
"""Modelyard in each way that is measured."""

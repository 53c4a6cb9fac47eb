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


def direct(**own: Any) -> Any:
    """A front that listens itself."""
    return _started("direct", own)


def behind_gateway(**own: Any) -> Any:
    """A front behind HAProxy, configured by the product, with a key to check."""
    return _started("gateway", own, KEY)


def _started(module: str, own: dict[str, Any], *more: str) -> Any:
    def command(place: Place) -> Command:
        argv = [sys.executable, "-m", f"benchmarks.serving_peers.{module}",
                str(spec(place, own)), str(place.port), *more]  # fmt: skip
        return Command(argv, place.folder, {"PYTHONPATH": str(ROOT)})

    return command


def nocode(module: str = "direct", *more: str) -> Any:
    """The registered model alone, no script."""

    def command(place: Place) -> Command:
        onnx = place.kind == "onnx"
        file = place.models / ("onnx.onnx" if onnx else f"{place.kind}.pkl")
        own = {
            "entry_script": "",
            "predictor": {"framework": "Onnx" if onnx else "ScikitLearn"},
            "models": [{"name": "model", "version": 1, "path": str(file)}],
        }
        found: Command = _started(module, own, *more)(place)
        return found

    return command


BATCHING = {"entry_script": "score_batched.py", "batching": {"max_size": 64}}
LOADED = ("linear", "forest", "onnx")
"""The models that need no script; the sleeper is none of a framework."""

OURS = (
    Peer("ours", "Modelyard, run()", "modelyard", direct(), ours=True),
    Peer("ours-batch", "Modelyard, run() with batching", "modelyard", direct(**BATCHING),
         batched=True, ours=True),
    Peer("ours-nocode", "Modelyard, no script", "modelyard", nocode(),
         unwrap=lambda answer: answer["predict"], kinds=LOADED, batched=True, ours=True),
    Peer("ours-gateway", "Modelyard, run(), gateway with key", "modelyard", behind_gateway(),
         "/serve/ws/bench/score", headers={"Authorization": f"Bearer {KEY}"}, ours=True),
    Peer("ours-nocode-gateway", "Modelyard, no script, gateway with key", "modelyard",
         nocode("gateway", KEY), "/serve/ws/bench/score",
         unwrap=lambda answer: answer["predict"], headers={"Authorization": f"Bearer {KEY}"},
         kinds=LOADED, batched=True, ours=True),
)  # fmt: skip
"""Modelyard in each way that is measured."""

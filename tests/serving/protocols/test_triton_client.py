"""NVIDIA's own client, with its defaults, against our fronts."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client_environments import bin_of
from tests.serving.fronts import Front
from tests.serving.protocols.ports import port_of

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("triton_program.py")
ECHO = """
import json
def init(): pass
def run(data):
    return json.loads(data)
"""


def ask(front: Front, model: str, kind: str) -> Any:
    with port_of(front.socket) as port:
        done = subprocess.run(
            [bin_of("triton") / "python", PROGRAM, str(port), model, kind],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_tritonclient_asks_a_model_without_a_script(linear: Front) -> None:
    found = ask(linear, "people", "linear")

    results = [pytest.approx(6.5), pytest.approx(0.5)]
    for page in ("live", "ready", "model_ready", "version_ready"):
        assert found[page] is True
    assert found["server"]["name"] == "modelyard"
    assert [each["name"] for each in found["metadata"]["inputs"]] == ["age", "height", "weight"]
    assert found["index"][0]["state"] == "READY"
    for way in ("fp32", "fp32_json", "int64", "int64_json"):
        assert found[way] == results
    assert found["id"] == "mine"
    assert found["async"] == [results] * 8
    assert found["gzip"] == found["deflate"] == [pytest.approx(6.5)]
    assert found["error"] == ["400", "inputs lacks the column 'weight'; the model takes 'age', "
                              "'height', 'weight'."]  # fmt: skip
    assert found["unknown"][0] == "404"
    stats = found["statistics"]["model_stats"][0]
    assert stats["inference_stats"]["success"]["count"] >= 14


def test_tritonclient_asks_a_script(start: Callable[..., Front]) -> None:
    front = start(ECHO)

    found = ask(front, "prices", "script")

    assert found["metadata"]["inputs"] == [{"name": "data", "datatype": "BYTES", "shape": [1]}]
    assert found["number"] == [1.5, 2.5]
    assert found["flag"] == [True, False]
    assert found["word"] == ["ß", "two"]

"""Models without a script, by the command line alone."""

import json
from itertools import count
from pathlib import Path

from tests.cli.conftest import Cli

_numbers = count()


def deploy(lab: Cli, *argv: str) -> dict:
    """The service as it was asked for: nothing is waited for, and it goes at once."""
    name = f"bare{next(_numbers)}"
    done = lab("service", "deploy", name, "--no-wait", "--json", *argv)
    assert done.code == 0, done.err
    service = json.loads(lab("service", "show", name, "--json").out)
    service["shown"] = lab("service", "show", name).out
    lab("service", "delete", name, "--yes")
    return service


def test_a_model_is_registered_with_a_sample_and_deployed_without_a_script(lab: Cli) -> None:
    Path("score.py").unlink()
    Path("net.onnx").write_bytes(b"weights")
    Path("rows.csv").write_text("age,name\n31,a\n")

    registered = lab("model", "register", "net", "net.onnx", "--sample", "rows.csv", "--json")
    service = deploy(lab, "--model", "net")

    assert registered.code == 0
    assert (service["framework"], service["entry_script"]) == ("Onnx", "")
    assert "no script; served by Onnx" in service["shown"]
    predictor = service["revisions"][0]["content"]["predictor"]
    assert predictor["framework"] == "Onnx"


def test_a_script_that_lies_here_is_passed_over_when_told_so(lab: Cli) -> None:
    Path("net.onnx").write_bytes(b"weights")
    lab("model", "register", "net", "net.onnx")

    assert deploy(lab, "-m", "net")["entry_script"] == "score.py"
    assert deploy(lab, "-m", "net", "--no-script")["framework"] == "Onnx"


def test_a_script_that_nobody_named_is_told(lab: Cli) -> None:
    Path("net.onnx").write_bytes(b"weights")
    lab("model", "register", "net", "net.onnx")

    found = lab("service", "deploy", "unsaid", "-m", "net", "--no-wait")
    named = lab("service", "deploy", "said", "-m", "net", "-e", "score.py", "--no-wait")
    for name in ("unsaid", "said"):
        lab("service", "delete", name, "--yes")

    assert "this folder's score.py; --no-script" in found.err
    assert "--no-script" not in named.err


def test_how_requests_run_is_said(lab: Cli) -> None:
    service = deploy(
        lab, "--batching", "64", "--batch-wait", "1.5", "--tracebacks", "--detect-failures",
        "--nan", "error", "--preload", "--fronts", "2",
    )  # fmt: skip

    serving = service["revisions"][0]["content"]["serving"]
    assert serving["batching"] == {"max_size": 64, "max_wait_ms": 1.5}
    assert serving["tracebacks"]
    assert serving["detect_failures"]
    assert serving["preload"]
    assert (serving["nan"], serving["fronts"]) == ("error", 2)
    shown = "batching 64 after 1.5 ms, tracebacks, detect-failures, preload, nan error, fronts 2"
    assert shown in service["shown"]

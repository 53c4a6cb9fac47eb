"""Azure's own server, azureml-inference-server-http, in an environment of its own."""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.harness import CACHE, free_port
from tests.waiting import wait_until

PACKAGES = (
    "azureml-inference-server-http==1.5.1",
    "inference-schema==1.8",
    "flask>=3",
    "flask-cors",
    "numpy",
    "pandas",
)


def environment() -> Path:
    """The folder of its environment; built once on a machine."""
    folder = CACHE / f"oracle-3.{sys.version_info.minor}"
    if (folder / "complete").exists():
        return folder
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not on the PATH")
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "-p", python, *PACKAGES], check=True)
    (folder / "complete").touch()
    return folder


class Oracle:
    """``azmlinfsrv`` with one script; ``started`` says whether it serves or has given up."""

    def __init__(self, app: Path, variables: Mapping[str, str]) -> None:
        binaries = environment() / "bin"
        self.port = free_port()
        self.log_file = app.parent / "oracle.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AZUREML"))}
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [binaries / "azmlinfsrv", "--entry_script", "score.py", "--port", str(self.port)],
                cwd=app,
                env={
                    **kept,
                    "PATH": f"{binaries}:{kept['PATH']}",
                    "AML_APP_ROOT": str(app),
                    "AZUREML_MODEL_DIR": str(app),
                    **variables,
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = bool(wait_until(self._settled, 60, "the oracle starts or gives up") == 1)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def _settled(self) -> int:
        if self.process.poll() is not None:
            return 2
        connection = self.connect()
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().status == 200)
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def close(self) -> None:
        """Master and workers of gunicorn are one group; nothing of it stays."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

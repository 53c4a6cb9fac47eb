import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap.ups import Ups
from tests.supervisor.yard import yard_in

FAKE_CONTROL = (sys.executable, "-S", str(Path(__file__).with_name("fake_control.py")))


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def ups(tmp_path: Path, port: int) -> Iterator[Ups]:
    with (
        tempfile.TemporaryDirectory(prefix="my-") as runtime,
        yard_in(tmp_path / "home") as yard,
    ):
        made = Ups(yard, port, runtime, FAKE_CONTROL)
        yield made
        made.close()

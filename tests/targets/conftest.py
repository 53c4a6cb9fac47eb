import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modelyard.domain.fronts import FrontSpec
from modelyard.settings import Settings, read
from modelyard.targets.local import layout
from modelyard.targets.local.target import LocalTarget
from tests.supervisor.yard import Yard, yard_in

FAKE_FRONT = (sys.executable, "-S", str(Path(__file__).with_name("fake_front.py")))


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with yard_in(tmp_path / "home") as made:
        yield made


@pytest.fixture
def settings(yard: Yard) -> Settings:
    return read({"MODELYARD_HOME": str(yard.home)})


@pytest.fixture
def sockets() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="my-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_spec(settings: Settings, sockets: Path) -> Callable[[str], FrontSpec]:
    def make(id: str, **changes: object) -> FrontSpec:
        spec = FrontSpec(
            id=id,
            workspace="ws",
            service="svc",
            service_version="default",
            revision=1,
            python=sys.executable,
            runtime="",
            app_root=str(layout.app_root(settings.home, id)),
            entry_script="score.py",
            model_dir=str(layout.models_root(settings.home, id)),
            socket=str(layout.socket(sockets, id)),
            control_socket=str(layout.control_socket(sockets, id)),
            log_file=str(layout.worker_log(settings.logs, id)),
            scoring_timeout=1.0,
        )
        return replace(spec, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def target(yard: Yard, settings: Settings) -> Iterator[LocalTarget]:
    yard.supervise()
    made = LocalTarget(settings, yard.supervision, Path("/runtime"), FAKE_FRONT)
    yield made
    made.close()

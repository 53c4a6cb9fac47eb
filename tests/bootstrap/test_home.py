import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.bootstrap.home import FOLDERS, prepare, prepare_sockets
from modelyard.domain.errors import BadInput
from modelyard.settings import Settings, read


@pytest.fixture
def settings(tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    return read({"MODELYARD_HOME": str(tmp_path / "deep" / "home")})


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for sockets, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory(prefix="my-") as folder:
        yield Path(folder)


def test_a_new_home_is_whole_and_closed_to_others(settings: Settings) -> None:
    prepare(settings)

    for folder in (settings.home, *(settings.home / name for name in FOLDERS), settings.sockets):
        assert folder.stat().st_mode & 0o777 == 0o700, folder
    assert (settings.home / "secret.key").stat().st_mode & 0o777 == 0o600


def test_preparing_again_keeps_the_secret(settings: Settings) -> None:
    prepare(settings)
    secret = (settings.home / "secret.key").read_bytes()
    (settings.home / "secret.key").chmod(0o644)

    prepare(settings)

    assert (settings.home / "secret.key").read_bytes() == secret
    assert (settings.home / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_home_that_is_a_file_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(BadInput, match="MODELYARD_HOME"):
        prepare(read({"MODELYARD_HOME": str(tmp_path / place)}))

    assert (tmp_path / "file").read_text() == "mine"


def test_a_home_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        prepare(read({"MODELYARD_HOME": "/proc/modelyard"}))


def test_a_sockets_folder_that_others_could_read_is_closed(short: Path) -> None:
    folder = short / "sockets"
    folder.mkdir(mode=0o755)

    prepare_sockets(folder)

    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_the_sockets_folder_is_refused(short: Path) -> None:
    (short / "elsewhere").mkdir()
    folder = short / "sockets"
    folder.symlink_to(short / "elsewhere")

    with pytest.raises(BadInput, match="not a folder of this user"):
        prepare_sockets(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_sockets_folder_of_another_user_is_refused(short: Path) -> None:
    folder = short / "sockets"
    folder.mkdir()
    os.chown(folder, 65534, 65534)

    with pytest.raises(BadInput, match="not a folder of this user"):
        prepare_sockets(folder)


def test_a_path_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too long"):
        prepare_sockets(tmp_path / ("x" * 80))


def test_a_runtime_folder_that_is_not_there_says_so() -> None:
    with pytest.raises(BadInput, match="XDG_RUNTIME_DIR"):
        prepare_sockets(Path("/nowhere/modelyard-1"))

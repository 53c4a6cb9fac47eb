"""The home folder: made ready before anything runs in it."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from modelyard.domain.errors import BadInput
from modelyard.settings import Settings
from modelyard.stores.secret import read_or_create_secret

FOLDERS = (
    "run",
    "run/fronts",
    "logs",
    "logs/services",
    "logs/builds",
    "gateway",
    "blobs",
    "uploads",
    "environments",
    "runtime",
    "services",
    "jobs",
)
LONGEST_SOCKET_FOLDER = 60
"""HAProxy refuses socket paths over 97 characters; the rest is the socket's own name."""


def prepare(settings: Settings) -> None:
    """
    Make the folders, the secret key and the sockets folder. Repeatable.

    Raises BadInput when the home or the sockets folder cannot be used.
    """
    home = settings.home
    try:
        for folder in (home, *(home / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, parents=folder == home, exist_ok=True)
        _try_to_write(home)
        for key in (home / "secret.key", settings.ingest_key):
            read_or_create_secret(key)
            _close_to_others(key, 0o600)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadInput(
            f"{error.filename} is not a folder, so {home} cannot be a home. "
            "Move it away, or set MODELYARD_HOME to another folder."
        ) from error
    except OSError as error:
        raise BadInput(
            f"The home {home} cannot be written: {error.strerror}. "
            "Make it writable for this user, or set MODELYARD_HOME to another folder."
        ) from error
    prepare_sockets(settings.sockets)


def prepare_sockets(folder: Path) -> None:
    """Make the sockets folder, ours alone. Raises BadInput for one that is another user's."""
    if len(str(folder)) > LONGEST_SOCKET_FOLDER:
        raise BadInput(
            f"The path of the sockets folder {folder} is too long for unix sockets. "
            "Set TMPDIR to a short path such as /tmp."
        )
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError as error:
        raise BadInput(
            f"The sockets folder {folder} cannot be made: {error.strerror}. "
            "Set XDG_RUNTIME_DIR (or unset it and set TMPDIR) to a folder of this user."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise BadInput(
            f"The sockets folder {folder} is not a folder of this user. Remove it, or set "
            "XDG_RUNTIME_DIR (or TMPDIR) to a folder of this user."
        )
    _close_to_others(folder, 0o700)


def _try_to_write(home: Path) -> None:
    probe = home / f".probe.{os.getpid()}"
    probe.touch(mode=0o600)
    probe.unlink()


def _close_to_others(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(mode)

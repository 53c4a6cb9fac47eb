"""The specifications of fronts on disk: run/fronts/<id>.json."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from modelyard.domain.errors import DiskFull
from modelyard.domain.fronts import FrontSpec


class SpecShelf:
    """
    One file for each front that was asked for.

    A stopped one's is set aside under another name until its process has gone, so that what a
    killed front leaves behind can be found and removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, id: str) -> Path:
        """Where the specification is, or would be."""
        return self._folder / f"{id}.json"

    def save(self, spec: FrontSpec) -> Path:
        """Write it whole or not at all. Raises DiskFull."""
        path = self.path(spec.id)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(spec), indent=1))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise DiskFull(
                f"The specification of front {spec.id!r} cannot be written to {path}: "
                f"{error.strerror}. Make room and try again."
            ) from error
        self._aside(spec.id).unlink(missing_ok=True)
        return path

    def load(self, id: str) -> FrontSpec | None:
        """The specification of a front that was asked for; None when there is none to read."""
        return _read(self.path(id))

    def set_aside(self, id: str) -> None:
        """It is no longer asked for. Repeatable."""
        with suppress(FileNotFoundError):
            self.path(id).replace(self._aside(id))

    def set_aside_ids(self) -> list[str]:
        """Those set aside and not yet swept."""
        return [path.name.removesuffix(".stopped") for path in self._folder.glob("*.stopped")]

    def sweep(self, id: str) -> None:
        """Remove what a front that has gone left behind."""
        spec = _read(self._aside(id))
        if spec is not None:
            for socket in (Path(spec.socket), Path(spec.control_socket)):
                socket.unlink(missing_ok=True)
                socket.with_name(socket.name + ".lock").unlink(missing_ok=True)
            if spec.ledger:
                Path(spec.ledger).unlink(missing_ok=True)
        self._aside(id).unlink(missing_ok=True)

    def _aside(self, id: str) -> Path:
        return self._folder / f"{id}.stopped"


def _read(path: Path) -> FrontSpec | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=FrontSpec)
    except (FileNotFoundError, msgspec.DecodeError):
        return None

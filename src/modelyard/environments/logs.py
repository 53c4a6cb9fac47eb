"""The log of one build: for who waits, for the file, and for the error if it fails."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from modelyard.environments.failures import without_secrets

_OF_NO_USE = ("Creating virtual environment at", "Activate with", "Using Python ")


class BuildLog:
    """Lines go to ``log`` and, with a folder, to ``DIGEST.log`` there; passwords go nowhere."""

    def __init__(self, folder: Path | None, digest: str, log: Callable[[str], None]) -> None:
        self._path = folder / f"{digest}.log" if folder else None
        self._log = log
        self.written: list[str] = []

    def __enter__(self) -> "BuildLog":
        self._file = None
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            if error is not None:
                self._file.write(f"{error}\n")
            self._file.close()

    def write(self, line: str) -> None:
        """Take a line; what uv says of folders that will have moved is not passed on."""
        if line.startswith(_OF_NO_USE):
            return
        clean = without_secrets(line)
        self.written.append(clean)
        if self._file:
            self._file.write(clean + "\n")
        self._log(clean)

    def of_install(self, line: str) -> None:
        """Take a line of ``uv pip install``, which compiles for long and says so only after."""
        self.write(line)
        if line.startswith("Installed "):
            self.write("Compiling them, once, so that every start is quick …")

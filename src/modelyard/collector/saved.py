"""Saved queries: one JSON file each."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from modelyard.domain.errors import BadName, NotFound
from modelyard.wire.telemetry import SavedQuery, SavedQueryRequest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class SavedQueries:
    """Those of a folder, which is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> Sequence[SavedQuery]:
        """All, by name."""
        found = (self._read(path) for path in sorted(self._folder.glob("*.json")))
        return [query for query in found if query is not None]

    def get(self, name: str) -> SavedQuery:
        """Raises NotFound, naming those that there are."""
        found = self._read(self._path(name))
        if found is None:
            names = ", ".join(query.name for query in self.list()) or "none"
            raise NotFound(f"No query is saved as {name!r}. Saved are: {names}.")
        return found

    def put(
        self, name: str, wanted: SavedQueryRequest, language: str, now: datetime
    ) -> SavedQuery:
        """Keep it, in place of what had the name. Raises BadName."""
        saved = SavedQuery(
            name=name, query=wanted.query, language=language, about=wanted.about, saved=now
        )
        path = self._path(name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(saved))
        beside.replace(path)
        return saved

    def remove(self, name: str) -> None:
        """Raises NotFound."""
        self.get(name)
        self._path(name).unlink(missing_ok=True)

    def check_name(self, name: str) -> None:
        """Raises BadName for what cannot be a name."""
        self._path(name)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadName(
                f"{name!r} cannot be the name of a query: it must be 1 to 64 letters, digits, "
                "'_', '.' or '-', starting with a letter or digit."
            )
        return self._folder / f"{name}.json"

    @staticmethod
    def _read(path: Path) -> SavedQuery | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=SavedQuery)
        except (OSError, msgspec.MsgspecError):
            return None

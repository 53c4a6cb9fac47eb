"""Files of telemetry and collected data out of a backup: read by number, then put in place."""

import json
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from modelyard.bootstrap.archive import PIECE, Member
from modelyard.bootstrap.backup_parts import Summed
from modelyard.domain.errors import BadArchive
from modelyard.domain.manifests import check_path

_FOLDERS = ("telemetry", "data")


class KeptFiles:
    """``take`` each, then ``place`` all; into the folder of a draft."""

    def __init__(self, draft: Path) -> None:
        self._draft = draft
        self._folder = draft / ".files"
        self._found: list[str] = []
        self.count = 0

    @property
    def waiting(self) -> int:
        """Files that were read and not put in place."""
        return len(self._found) - self.count

    def take(self, number: str, member: Member) -> None:
        """Read one. Raises BadArchive for one out of turn."""
        if number != f"{len(self._found):06}" or self.count:
            raise BadArchive(f"{member.name!r} does not belong into a backup.")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / number
        path.touch(mode=0o600)
        summed = Summed(member)
        with path.open("wb") as stream:
            while piece := summed.read(PIECE):
                stream.write(piece)
        self._found.append(summed.digest)

    def place(self, data: bytes) -> None:
        """Move them to where ``files.json`` says. Raises BadArchive for what is not as it was."""
        listed = _listed(data)
        if len(listed) != len(self._found):
            raise BadArchive(
                f"The backup is torn: {len(listed)} files of telemetry and data were saved, "
                f"{len(self._found)} are in it."
            )
        for number, (one, digest) in enumerate(zip(listed, self._found, strict=True)):
            target = self._target(one)
            if one.get("sha256") != digest:
                raise BadArchive(f"The file {one['path']} in the backup is damaged.")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / f"{number:06}").rename(target)
        self.count = len(listed)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _target(self, one: dict[str, Any]) -> Path:
        path = PurePosixPath(check_path(str(one.get("path"))))
        if path.parts[0] not in _FOLDERS or (self._draft / path).exists():
            raise BadArchive(f"{str(path)!r} does not belong into a backup.")
        return self._draft / path


def _listed(data: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise BadArchive(f"files.json in the backup cannot be read: {error}.") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadArchive("files.json in the backup cannot be read.")
    return found

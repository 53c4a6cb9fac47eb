"""A real file system of a few megabytes, to be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = 4 * 1024 * 1024


@dataclass(frozen=True)
class SmallDisk:
    """A disk of four megabytes."""

    folder: Path

    def fill(self, leave: int = 64 * 1024) -> None:
        """Take all room but ``leave`` bytes."""
        room = os.statvfs(self.folder)
        (self.folder / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - leave))

    def clear(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink()


@contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk | None]:
    """The disk, or None where this process may not mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "modelyard-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

"""Reading and writing the small files of a control group."""

import asyncio
import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path


def put(path: Path, value: str) -> None:
    """Write one value. Raises OSError when the kernel refuses it."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def counter(path: Path, name: str) -> int:
    """The number after ``name`` in a file of such lines; 0 when it is not there."""
    try:
        text = path.read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name} (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


async def remove(groups: Iterable[Path]) -> None:
    """Remove groups; their last processes may need a moment to be gone."""
    for group in groups:
        for _ in range(100):
            try:
                group.rmdir()
            except FileNotFoundError:
                break
            except OSError as error:
                if error.errno not in {errno.EBUSY, errno.ENOTEMPTY}:
                    break
                await asyncio.sleep(0.02)
            else:
                break


def mounts(kind: str, text: str) -> list[tuple[Path, set[str]]]:
    """Where file systems of a kind are mounted (from /proc/self/mounts), with their options."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 4 and fields[2] == kind:
            place = fields[1].replace("\\040", " ")
            found.append((Path(place), set(fields[3].split(","))))
    return found


def own_group(text: str, controller: str) -> str:
    """Our own group's path (from /proc/self/cgroup); an empty controller asks for version 2."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return "/"

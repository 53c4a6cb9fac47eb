"""Laying out a manifest's files as a folder, complete or not at all."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelyard.domain.errors import NotFound
from modelyard.domain.manifests import FileEntry, Manifest

_FICLONE = 0x40049409
_NOT_HERE = {
    errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM,
    errno.EBADF, errno.ETXTBSY,
}  # fmt: skip
"""What file systems answer that cannot do it: try the next way."""


def lay_out(manifest: Manifest, folder: Path, path_of: Callable[[str], Path]) -> None:
    """
    Copy the files into a folder beside it, flush them, then give it the name.

    A folder that is there already and not empty gets the files added, each of them at once.
    Raises ``NotFound`` naming a file that is not in the store.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name[:64]}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        for entry in manifest.files:
            _copy(entry, path_of(entry.sha256), draft / entry.path)
        _flush([draft / entry.path for entry in manifest.files])
        _install(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy(entry: FileEntry, source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if entry.executable else 0o644
    try:
        reader = os.open(source, os.O_RDONLY)
    except FileNotFoundError as error:
        raise NotFound(
            f"The content of {entry.path!r} ({entry.sha256}) is not stored. Upload it again."
        ) from error
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            os.fchmod(writer, mode)  # whatever the umask is
            _copy_bytes(reader, writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _copy_bytes(reader: int, writer: int) -> None:
    """By sharing blocks, else within the kernel, else by reading and writing."""
    if _clone(reader, writer) or _copy_in_kernel(reader, writer):
        return
    os.lseek(reader, 0, os.SEEK_SET)
    os.ftruncate(writer, 0)
    os.lseek(writer, 0, os.SEEK_SET)
    with open(reader, "rb", closefd=False) as source, open(writer, "wb", closefd=False) as target:
        shutil.copyfileobj(source, target, 1024 * 1024)


def _clone(reader: int, writer: int) -> bool:
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        return False
    return True


def _copy_in_kernel(reader: int, writer: int) -> bool:
    if not hasattr(os, "copy_file_range"):
        return False
    rest = os.fstat(reader).st_size
    try:
        while rest:
            copied = os.copy_file_range(reader, writer, rest)
            if not copied:  # some file systems say 0 instead of refusing
                return False
            rest -= copied
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        return False
    return True


def _flush(files: list[Path]) -> None:
    """So that a loss of power cannot leave a named folder with empty files in it."""
    with ThreadPoolExecutor(max_workers=8) as pool:  # file systems flush many at the price of one
        list(pool.map(_flush_file, files))


def _flush_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _install(draft: Path, folder: Path) -> None:
    try:
        draft.replace(folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        for file in sorted(draft.rglob("*")):
            if file.is_file():
                target = folder / file.relative_to(draft)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)

"""What becomes of the values of columns that must not be kept as they are."""

import hmac
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from arro3.core import Array, DataType

from modelyard.collector.inputs.columns import Columns

KEEP, DROP, HASH = "keep", "drop", "hash"
ALL = "*"


class Hasher:
    """
    HMAC-SHA256 under a key of this home: equal values stay equal, and nobody without the key can
    try out which value it was.
    """

    def __init__(self, path: Path) -> None:
        """The key is made, mode 0600, when it is first needed and not there."""
        self._path = path
        self._key = b""

    def hashed(self, value: str) -> str:
        """64 hexadecimal digits. Raises OSError without the key."""
        if not self._key:
            self._key = _key_of(self._path)
        return hmac.new(self._key, value.encode("utf-8", "replace"), sha256).hexdigest()


def applied(columns: Columns, policies: Mapping[str, str], hasher: Hasher) -> Columns:
    """The columns as they may be kept; a policy of a name that is not known drops the column."""
    if not policies:
        return columns
    found: Columns = []
    for name, values in columns:
        policy = policies.get(name, policies.get(ALL, KEEP))
        if policy == KEEP:
            found.append((name, values))
        elif policy == HASH:
            found.append((name, _hashed(values, hasher)))
    return found


def _hashed(values: Array, hasher: Hasher) -> Array:
    texts = values.cast(DataType.utf8()).to_pylist()
    done = [None if text is None else hasher.hashed(text) for text in texts]
    return Array(done, DataType.utf8())


def _key_of(path: Path) -> bytes:
    """The file's key, made whole under another name first; who comes second takes the first's."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(hidden, path)
        except FileExistsError:
            pass
        finally:
            hidden.unlink(missing_ok=True)
        return path.read_bytes()

"""The home's secret: the key under which service keys are encrypted at rest."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from modelyard.domain.errors import BadInput, Conflict
from modelyard.domain.services import Keys


def read_or_create_secret(path: Path) -> bytes:
    """
    The secret in the file, made with mode 0600 when there is none.

    Safe for several processes at once: the file appears whole, and the first one stays.
    """
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)  # unlike a rename it never replaces a key that is in use
        finally:
            Path(draft).unlink()
    return path.read_bytes().strip()


class Seal:
    """Encrypts and decrypts the keys of services under the home's secret."""

    def __init__(self, secret: bytes) -> None:
        try:
            self._fernet = Fernet(secret.strip())
        except ValueError as error:
            raise BadInput(
                "The secret key is not one: the file must hold 32 bytes in URL-safe base64. "
                "Restore it from a backup."
            ) from error

    def close(self, text: str) -> str:
        """The text encrypted."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was encrypted; raises ``Conflict`` when another secret was used."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Conflict(
                "The keys of this service were encrypted under another secret. Restore the "
                "home's secret.key from a backup, or make new keys for the service."
            ) from error

    def close_both(self, keys: Keys) -> dict[str, str]:
        """Both keys encrypted, as the columns of a service."""
        return {
            "primary_key": self.close(keys.primary),
            "secondary_key": self.close(keys.secondary),
        }

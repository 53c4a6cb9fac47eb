"""A service's document beside its log, so that it can be compared when nothing of it runs."""

from pathlib import Path

from modelyard.domain.fronts import DESCRIPTION


def place(log_file: Path) -> Path:
    """Where it lies; it goes when the revision's logs go."""
    return log_file.with_suffix(f".{DESCRIPTION}")


def keep(log_file: Path, document: bytes) -> None:
    """Write it, whole or not at all. Raises OSError."""
    path = place(log_file)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(document)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk needs the room
        raise

"""Names, tags and what was in use, as the server takes them."""

from __future__ import annotations

from typing import Any, Dict, Optional, Set


def record() -> Dict[str, Any]:
    """The Python and the third-party packages that this process has loaded."""
    import platform
    import sys

    record: Dict[str, Any] = {"python": platform.python_version(), "packages": {}}
    try:
        from importlib.metadata import distributions
    except ImportError:  # Python 3.7: the interpreter alone is recorded
        return record
    tops = {name.partition(".")[0] for name in sys.modules}
    for found in distributions():
        name = found.metadata["Name"]
        if name and tops & _tops(found):
            record["packages"][name] = found.version
    return record


def _tops(distribution: Any) -> Set[str]:
    """The names that one imports of a distribution; newer wheels say them by their files only."""
    named = (distribution.read_text("top_level.txt") or "").split()
    if named:
        return set(named)
    files = [str(file).split("/") for file in distribution.files or ()]
    return {parts[0] if len(parts) > 1 else parts[0].split(".")[0] for parts in files}


def fits(values: Dict[str, str], asked: Any) -> bool:
    """Whether tags fit a filter: a dict, or a list of keys and pairs."""
    if not asked:
        return True
    pairs = asked.items() if isinstance(asked, dict) else asked
    if isinstance(asked, str):
        pairs = [asked]
    for pair in pairs:
        key, value = (pair, None) if isinstance(pair, str) else pair
        if key not in values or (value is not None and values[key] != str(value)):
            return False
    return True


def normal(name: str) -> str:
    """A file's name in a run: './outputs//x' and 'outputs/x' are one."""
    parts = str(name).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))


def texts(values: Optional[Dict[str, Any]]) -> Dict[str, str]:
    """Tags or properties with their keys and values as text."""
    return {str(key): "" if value is None else str(value) for key, value in (values or {}).items()}

"""What uv said when it failed, as an error that says what to do."""

import errno
import re
from collections.abc import Sequence

from modelyard.domain.environments import Recipe
from modelyard.domain.errors import DiskFull, EnvironmentBuildFailed, ModelyardError

_SECRETS = re.compile(r"(?<=://)[^/\s@]+@")
_NO_ROOM = re.compile(r"No space left on device|os error 28\b|Disk quota exceeded")
_UNKNOWN = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])? was not found in the package registry")
_FROM_SOURCE = re.compile(r"Failed to (?:download and )?build [`']?([A-Za-z0-9][\w.-]*)")
_NO_NETWORK = re.compile(r"Failed to (?:fetch|download)|dns error|Connection refused|timed out")
_NO_SOLUTION = re.compile(r"No solution found")
_MOST_LINES = 60
_OUT_OF_ROOM = {errno.ENOSPC, errno.EDQUOT}


def without_secrets(line: str) -> str:
    """The line without the user and password of an index's address."""
    return _SECRETS.sub("****@", line)


def is_out_of_room(error: OSError) -> bool:
    """Whether the disk or the quota is full."""
    return error.errno in _OUT_OF_ROOM


def disk_full(folder: object) -> DiskFull:
    """No room where environments are built."""
    return DiskFull(
        f"There is no room left to build an environment in {folder} (or in uv's cache); nothing "
        "was kept. Free some space, or set MODELYARD_ENVIRONMENTS to a folder on a larger disk."
    )


def failure(recipe: Recipe, output: Sequence[str], folder: object) -> ModelyardError:
    """The error for what uv printed: its own message first, then what may help."""
    text = _message(output)
    if _NO_ROOM.search(text):
        return disk_full(folder)
    parts = [f"The environment could not be built for Python {recipe.python}:\n{text}"]
    parts += _hints(recipe, text)
    said = [note for note in recipe.notes if " pinned to " in note or note.startswith("WARNING")]
    if said and (_NO_SOLUTION.search(text) or _FROM_SOURCE.search(text)):
        parts.append(
            "\n".join(["How it came to these versions:", *(f"- {note}" for note in said)])
        )
    return EnvironmentBuildFailed("\n\n".join(parts), details={"digest": recipe.digest})


def _message(output: Sequence[str]) -> str:
    starts = [
        i
        for i, line in enumerate(output)
        if line.lstrip().startswith(("error:", "\N{MULTIPLICATION SIGN}"))
    ]
    lines = [without_secrets(line) for line in output[starts[0] :]] if starts else list(output)
    lines = [line.removeprefix("error: ") for line in lines]
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines = [*lines[:half], f"[… {len(lines) - _MOST_LINES} lines …]", *lines[-half:]]
    return "\n".join(lines).strip() or "uv ended without a word."


def _hints(recipe: Recipe, text: str) -> list[str]:
    unknown = sorted({match[1] for match in _UNKNOWN.finditer(text)})
    if unknown:
        return [
            f"There is no package {name!r} in the package index: correct its spelling. If it is "
            "conda's name of it, write the name that it has on PyPI."
            for name in unknown
        ]
    source = _FROM_SOURCE.search(text)
    if source:
        return [
            f"{source[1]} has no wheel for Python {recipe.python} on this machine, and building "
            "it from source failed. Choose a version of it that has a wheel for this Python, or "
            "another python_version."
        ]
    if _NO_NETWORK.search(text):
        return [
            "The package index does not answer: check the network, or name a mirror with "
            "pip_indexurl (or UV_DEFAULT_INDEX for all environments)."
        ]
    if _NO_SOLUTION.search(text):
        return [
            "Loosen one of the requirements named above, or ask for another python_version: old "
            "packages exist only for old Pythons, new ones only for new."
        ]
    return []

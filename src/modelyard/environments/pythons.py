"""Which Python a recipe asks for, decided from what was written and what is known."""

from collections.abc import Callable, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from modelyard.domain.errors import BadEnvironment

OLDEST = (3, 7)
"""The oldest Python that a model can run on: the worker's own oldest."""

_KNOWN = tuple(f"3.{minor}" for minor in range(14, 6, -1))
_TOO_OLD = tuple(f"3.{minor}.{patch}" for minor in range(7) for patch in (0, 9, 15))


def minor(version: str) -> str:
    """'3.8.18' → '3.8'."""
    return ".".join(version.split(".")[:2])


def key(version: str) -> tuple[int, ...]:
    """What versions are compared by."""
    return tuple(int(part) for part in version.split("."))


def choose(
    request: str | None,
    recorded: str | None,
    default: str,
    found: Callable[[], Sequence[str]],
) -> tuple[str, tuple[str, ...]]:
    """
    The version to build with, and notes on how it came to that.

    ``request`` is '3.8', '3.8.18', a range or None; ``recorded`` what trained the model; ``found``
    gives the versions of this machine and is asked only when they matter. Raises BadEnvironment.
    """
    if not request:
        return (minor(recorded) if recorded else default), ()
    if request.replace(".", "").isdecimal():
        return _exact(request, recorded, default, found)
    return _of_range(request, recorded, default, found)


def _exact(
    request: str, recorded: str | None, default: str, found: Callable[[], Sequence[str]]
) -> tuple[str, tuple[str, ...]]:
    version = key(request)
    if version[0] != 3:
        raise BadEnvironment(
            f"Python {request} cannot be used: models run on Python 3.7 or newer.{_here(found())}"
        )
    if version[:2] >= OLDEST:
        return request, ()
    return _instead(request, recorded, default, found)


def _instead(
    request: str, recorded: str | None, default: str, found: Callable[[], Sequence[str]]
) -> tuple[str, tuple[str, ...]]:
    """Azure's files of 2019 say 3.6.2, and must run unchanged: the nearest that can."""
    usable = sorted((version for version in found() if key(version) >= OLDEST), key=key)
    if recorded and key(recorded) >= OLDEST:
        chosen, why = minor(recorded), "which the model was trained with,"
    elif usable:
        chosen, why = minor(usable[0]), "the nearest on this machine,"
    else:
        chosen, why = minor(default), "the default,"
    note = (
        f"WARNING: Python {request} was asked for, but 3.7 is the oldest that models run on; "
        f"Python {chosen}, {why} is used instead. Check the versions of your packages."
    )
    return chosen, (note,)


def _of_range(
    request: str, recorded: str | None, default: str, found: Callable[[], Sequence[str]]
) -> tuple[str, tuple[str, ...]]:
    wanted = SpecifierSet(request)
    here = [
        version for version in sorted(found(), key=key, reverse=True) if key(version) >= OLDEST
    ]
    if recorded and key(recorded) >= OLDEST and recorded in wanted:
        return minor(recorded), ()
    fitting = [version for version in here if Version(version) in wanted]
    for version in fitting:
        if minor(version) == minor(default):
            return minor(version), ()
    if fitting:
        return minor(fitting[0]), ()
    for known in _KNOWN:
        if wanted.contains(known) or wanted.contains(f"{known}.99"):
            return known, ()
    if any(wanted.contains(version) for version in _TOO_OLD):
        return _instead(request, recorded, default, found)
    raise BadEnvironment(f"There is no Python that is {request}.{_here(here)}")


def _here(found: Sequence[str]) -> str:
    if not found:
        return ""
    return f" On this machine there are {', '.join(sorted(found, key=key))}."

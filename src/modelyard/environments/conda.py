"""One entry of a conda file, and what it is called on PyPI."""

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from modelyard.domain.errors import BadEnvironment
from modelyard.environments.conda_names import (
    MODELYARDS_PART,
    NOT_PYTHON,
    NOT_PYTHON_PREFIXES,
    PYPI_NAMES,
    SYSTEM_LIBRARIES,
)

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>[^\[]*)(?:\[(?P<keys>.*)\])?")
_WITH_BUILD = re.compile(r"(?P<version>={1,2}[^=<>!~,|]+)=(?P<build>[^=<>!~,|]+)")
_VERSION_KEY = re.compile(r"\bversion\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^,\s]+))")
_CLAUSE = re.compile(r"(?P<operator>===|==|=|!=|>=|<=|~=|>|<)?(?P<version>[^=<>!~]+)")
_PYPI_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class CondaEntry:
    """``conda-forge::numpy=1.19.5=py38_0`` taken apart; ``name`` in lower case with dashes."""

    text: str
    name: str
    specifier: str
    build: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """The PyPI requirement of a conda entry, if there is one, and what is to be said about it."""

    requirement: str | None
    notes: tuple[str, ...] = ()


def parse(text: str) -> CondaEntry:
    """Take an entry apart; its version becomes a PEP 440 specifier. Raises BadEnvironment."""
    without_channel = text.strip().rpartition("::")[2]
    match = _ENTRY.fullmatch(without_channel)
    if match is None:
        raise BadEnvironment(f"{text!r} is not a conda package; write it like 'numpy=1.19.5'.")
    version, build = _version_and_build(match["rest"] or "", match["keys"] or "")
    name = re.sub(r"[-_.]+", "-", match["name"]) if match["name"][0] != "_" else match["name"]
    return CondaEntry(text.strip(), name.lower(), _specifier(text, version, bool(build)), build)


def translate(entry: CondaEntry) -> Translation:
    """
    The same package on PyPI; Translation(None) for what is left out with a note.

    A name that no table knows stays as it is: most conda packages have PyPI's name, and the
    resolver tells when there is none. Raises BadEnvironment for what cannot come from PyPI.
    """
    name = entry.name
    if name in MODELYARDS_PART:
        return Translation(None, (f"{name} left out: its part is Modelyard's.",))
    if name == "pip":
        said = (f"{entry.text} left out: uv installs the packages.",) if entry.specifier else ()
        return Translation(None, said)
    if name in SYSTEM_LIBRARIES or name.startswith("_"):
        return Translation(
            None, (f"{name} left out: a system library that PyPI's wheels bring themselves.",)
        )
    _refuse_what_is_not_python(entry)
    notes = []
    pypi = PYPI_NAMES.get(name, name)
    if pypi.lower() != name:
        notes.append(f"{name} is taken from PyPI, where it is called {pypi}.")
    if entry.build:
        notes.append(f"{entry.text}: the build {entry.build!r} is conda's own and is not used.")
    return Translation(pypi + entry.specifier, tuple(notes))


def _refuse_what_is_not_python(entry: CondaEntry) -> None:
    name = entry.name
    if name in NOT_PYTHON or name.startswith(NOT_PYTHON_PREFIXES):
        raise BadEnvironment(
            f"conda package {name!r} is not a Python package, and environments are built from "
            "PyPI. Take it out of the definition; if the model needs it, install it on this "
            "machine, or use a conda environment of yours as a user-managed environment.",
            details={"package": name},
        )
    if not _PYPI_NAME.fullmatch(name):
        raise BadEnvironment(
            f"conda package {name!r} has no name that PyPI could know; name its PyPI package "
            "under 'pip:' instead.",
            details={"package": name},
        )


def _version_and_build(rest: str, keys: str) -> tuple[str, str]:
    inside = _VERSION_KEY.search(keys)
    if inside is not None:
        rest = next(group for group in inside.groups() if group is not None)
    rest = re.sub(r"\s*([,|])\s*", r"\1", rest.strip())
    rest = re.sub(r"([=<>!~])\s+", r"\1", rest)
    version, _, build = rest.partition(" ")
    with_build = _WITH_BUILD.fullmatch(version)
    if with_build is not None:
        return with_build["version"], with_build["build"]
    return version, build.strip()


def _specifier(text: str, version: str, exact: bool) -> str:
    if "|" in version:
        raise BadEnvironment(
            f"{text!r}: alternatives ('|') exist only in conda; write one range, like '>=1.2,<2'."
        )
    clauses = [_clause(text, clause, exact) for clause in version.split(",") if clause]
    try:
        return str(SpecifierSet(",".join(clause for clause in clauses if clause)))
    except InvalidSpecifier as error:
        raise _unreadable(text) from error


def _clause(text: str, clause: str, exact: bool) -> str:
    match = _CLAUSE.fullmatch(clause.strip())
    if match is None:
        raise _unreadable(text)
    operator, version = match["operator"] or "==", match["version"].strip()
    if version == "*":
        return ""
    stem = version.rstrip("*").rstrip(".")
    if operator == "=" and not exact:
        return f"=={stem}.*" if _is_release(text, stem) else f"=={stem}"
    if operator in {"=", "==", "!="} and stem != version:
        return f"{operator.replace('=', '==') if operator == '=' else operator}{stem}.*"
    return f"{'==' if operator == '=' else operator}{stem}"


def _is_release(text: str, version: str) -> bool:
    try:
        parsed = Version(version)
    except InvalidVersion as error:
        raise _unreadable(text) from error
    return not (parsed.is_prerelease or parsed.is_postrelease or parsed.local)


def _unreadable(text: str) -> BadEnvironment:
    return BadEnvironment(
        f"{text!r}: its version cannot be read; write it like 'numpy=1.19.5' or 'numpy>=1.19,<2'."
    )

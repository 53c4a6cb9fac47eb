"""What the user wrote, a conda file or lists of packages, in one normal form."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelyard.domain.environments import EnvironmentDefinition
from modelyard.domain.errors import BadEnvironment
from modelyard.environments.conda import CondaEntry
from modelyard.environments.conda import parse as parse_conda
from modelyard.environments.conda_file import read as read_conda_file


@dataclass(frozen=True, slots=True)
class Specification:
    """
    Packages by the language they are written in.

    ``python`` is '3.8', '3.8.18', a PEP 440 range, or None when nothing is said. ``conda`` has no
    entry for Python. ``pip`` holds lines as pip reads them, options included.
    """

    python: str | None
    conda: tuple[CondaEntry, ...] = ()
    pip: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


def read(definition: EnvironmentDefinition) -> Specification:
    """
    The normal form; a Python named among the packages counts more than ``python_version``, which
    is often only the caller's own. Raises BadEnvironment naming what cannot be understood.
    """
    if definition.conda_file is None:
        return _normal(
            definition.python_version,
            definition.conda_packages,
            (*definition.pip_options, *definition.pip_packages),
            definition.conda_channels,
        )
    file = read_conda_file(definition.conda_file)
    return _normal(
        definition.python_version,
        file.conda,
        (*definition.pip_options, *file.pip),
        file.channels,
        file.variables,
    )


def python_request(text: str) -> str:
    """'=3.8', '3.8', '==3.6.2' → '3.8', '3.6.2'; a range stays one. Raises BadEnvironment."""
    wanted = text.strip()
    entry = parse_conda(f"python={wanted}" if wanted[:1].isdigit() else f"python{wanted}")
    return _request(entry)


def _normal(
    python: str | None,
    conda: Iterable[str],
    pip: Iterable[str],
    channels: Iterable[str],
    variables: Iterable[tuple[str, str]] = (),
) -> Specification:
    entries = [parse_conda(text) for text in conda]
    pythons = [_request(entry) for entry in entries if entry.name == "python"]
    named = [request for request in pythons if request]
    if len(set(named)) > 1:
        raise BadEnvironment(f"Two versions of Python are asked for: {' and '.join(named)}.")
    asked = named[0] if named else (python_request(python) if python else None)
    return Specification(
        python=asked,
        conda=tuple(entry for entry in entries if entry.name != "python"),
        pip=tuple(pip),
        channels=tuple(channels),
        variables=tuple(variables),
    )


def _request(entry: CondaEntry) -> str:
    clause = entry.specifier.removeprefix("==").removesuffix(".*")
    exact = entry.specifier.startswith("==") and clause.replace(".", "").isdecimal()
    if exact and 2 <= clause.count(".") + 1 <= 3:
        return clause
    return entry.specifier

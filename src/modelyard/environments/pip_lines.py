"""Lines as pip reads them: requirements, options of indexes, comments."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from modelyard.domain.errors import BadEnvironment
from modelyard.environments.conda_names import MODELYARDS_PART

_LONG = {"-i": "--index-url", "-f": "--find-links", "--pypi-url": "--index-url"}
_WITH_VALUE = frozenset(
    {
        "--index-url",
        "--extra-index-url",
        "--find-links",
        "--no-binary",
        "--only-binary",
        "--trusted-host",
    }
)
_FLAGS = frozenset({"--pre", "--no-index"})
_WITHOUT_EFFECT = frozenset(
    {
        "--no-cache-dir",
        "--prefer-binary",
        "--upgrade",
        "-U",
        "--disable-pip-version-check",
        "--use-feature",
        "--use-deprecated",
        "--progress-bar",
        "--require-hashes",
        "--quiet",
        "-q",
    }
)
_REFUSED = {
    "-r": "write the lines of that file here: an environment is one definition",
    "--requirement": "write the lines of that file here: an environment is one definition",
    "-c": "write the limits at the requirements themselves",
    "--constraint": "write the limits at the requirements themselves",
    "-e": "put the code into source_directory, or build a wheel of it",
    "--editable": "put the code into source_directory, or build a wheel of it",
}
_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s+--hash[= ]\S+")
_EGG = re.compile(r"#(?:.*&)?egg=(?P<name>[\w.-]+)")
_URL = re.compile(r"^[a-z][a-z0-9+]*://|^git\+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PipLines:
    """What lines say: requirements in one normal form, ``--option=value``, and notes."""

    requirements: tuple[Requirement, ...]
    options: tuple[str, ...]
    notes: tuple[str, ...]


def parse(lines: Iterable[str]) -> PipLines:
    """Read lines, one requirement or option each. Raises BadEnvironment naming the line."""
    requirements: list[Requirement] = []
    options: list[str] = []
    notes: list[str] = []
    for line in lines:
        text = _COMMENT.sub("", line).strip().rstrip("\\").strip()
        if text.startswith("-"):
            options += _options(text, notes)
        elif text:
            requirement = _left_in(_requirement(text, notes), notes)
            requirements += [requirement] if requirement else []
    return PipLines(tuple(requirements), tuple(dict.fromkeys(options)), tuple(notes))


def normal(requirement: Requirement) -> str:
    """One spelling for equal requirements: name, extras and limits sorted and normalized."""
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def requirement_of(text: str) -> Requirement:
    """A PEP 508 line as a value. Raises BadEnvironment naming it."""
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise BadEnvironment(
            f"{text!r} is not a requirement that pip would read ({reason}); write it like "
            "'scikit-learn==1.5.2' or 'name @ https://…/name-1.0-py3-none-any.whl'.",
            details={"requirement": text},
        ) from error


def _requirement(text: str, notes: list[str]) -> Requirement:
    without_hashes = _HASH.sub("", text).strip()
    if without_hashes != text:
        notes.append(
            f"{without_hashes}: its --hash is not kept; the hashes of what is installed stand in "
            "the lock file beside the environment."
        )
    if _URL.match(without_hashes):
        return _from_url(without_hashes)
    if without_hashes.startswith((".", "/", "~")):
        raise BadEnvironment(
            f"{text!r} is a path on one machine; name a package of the index, or write "
            "'name @ file:///absolute/path/to/name-1.0-py3-none-any.whl'."
        )
    return requirement_of(without_hashes)


def _from_url(url: str) -> Requirement:
    egg = _EGG.search(url)
    if egg is not None:
        return requirement_of(f"{egg['name']} @ {url.partition('#')[0]}")
    try:
        name, *_ = parse_wheel_filename(url.partition("#")[0].rpartition("/")[2])
    except InvalidWheelFilename as error:
        raise BadEnvironment(
            f"{url!r} does not say which package it is; write 'name @ {url}'."
        ) from error
    return requirement_of(f"{name} @ {url}")


def _left_in(requirement: Requirement, notes: list[str]) -> Requirement | None:
    name = canonicalize_name(requirement.name)
    if name in MODELYARDS_PART:
        notes.append(f"{name} left out: its part is Modelyard's.")
        return None
    if name.startswith("azureml-"):
        notes.append(f"{name} is installed as it is; what it needs of Azure's cloud is not here.")
    if name == "sklearn":
        notes.append("sklearn is taken as scikit-learn, its name on PyPI.")
        requirement.name = "scikit-learn"
    return requirement


def _options(text: str, notes: list[str]) -> list[str]:
    words = [part for word in text.split() for part in _parts(word)]
    found: list[str] = []
    while words:
        option = _LONG.get(words[0], words[0])
        words = words[1:]
        if option in _WITH_VALUE:
            found.append(f"{option}={_value(option, words, text)}")
            words = words[1:]
        elif option in _FLAGS:
            found.append(option)
        elif option in _WITHOUT_EFFECT:
            notes.append(f"{option} has no effect here and was left out.")
            words = words[1:] if words and not words[0].startswith("-") else words
        else:
            _refuse(option, text)
    return found


def _parts(word: str) -> list[str]:
    return word.split("=", 1) if word.startswith("-") else [word]


def _value(option: str, words: list[str], text: str) -> str:
    if not words or words[0].startswith("-"):
        raise BadEnvironment(f"{text!r}: {option} needs a value after it.")
    value = words[0]
    if option == "--find-links" and not (_URL.match(value) or value.startswith("/")):
        raise BadEnvironment(
            f"{text!r}: the folder {value!r} is relative to nothing; write an absolute one."
        )
    return value


def _refuse(option: str, text: str) -> None:
    for short in ("-r", "-c", "-e"):
        option = short if option.startswith(short) and not option.startswith("--") else option
    reason = _REFUSED.get(option, f"known are {', '.join(sorted(_WITH_VALUE | _FLAGS))}")
    raise BadEnvironment(
        f"{text!r}: the option {option} cannot be used in an environment; {reason}.",
        details={"option": option},
    )

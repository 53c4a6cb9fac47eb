"""Files that environments are read from and written to."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from modelyard.domain.errors import AlreadyExists, BadEnvironment, NotFound
from modelyard.sdk import yaml_text
from modelyard.sdk.conda_dependencies import checked

_NAME = "azureml_environment.json"
_CONDA = "conda_dependencies.yml"


def requirements(file: Path, above: tuple[Path, ...] = ()) -> list[str]:
    """
    The lines of a requirements file without remarks; what it includes by ``-r`` in its place.

    Raises ``BadEnvironment`` when a file cannot be read or includes itself.
    """
    file = file.resolve()
    if file in above:
        raise BadEnvironment(f"The requirements file {str(file)!r} includes itself.")
    try:
        text = file.read_text().replace("\\\n", " ")
    except (OSError, UnicodeDecodeError) as error:
        raise BadEnvironment(
            f"The requirements file {str(file)!r} cannot be read: "
            f"{getattr(error, 'strerror', None) or error}."
        ) from error
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.split(" #", 1)[0].strip()
        if not line or line.startswith("#"):
            continue
        option, _, rest = line.replace("=", " ", 1).partition(" ")
        if option in {"-r", "--requirement"}:
            lines += requirements(file.parent / rest.strip(), (*above, file))
        else:
            lines.append(line)
    return lines


def specification(text: str, name: str) -> dict[str, Any]:
    """The conda specification that a text holds. Raises ``BadEnvironment``."""
    return checked(yaml_text.load(text, name), name)


def conda_export(name: str) -> str | None:
    """What conda exports of an environment; None without conda or such an environment."""
    conda = shutil.which("conda")
    if conda is None:
        raise NotFound(
            "There is no 'conda' on the PATH, so no conda environment can be read. Use "
            "Environment.from_conda_specification with a file that 'conda env export' wrote."
        )
    done = subprocess.run(  # noqa: S603 - the user's own conda
        [conda, "env", "export", "--no-builds", "-n", name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else None


def text_or_file(value: str) -> str:
    """The text of a file where there is one of that name, else the text itself."""
    short = "\n" not in value and len(value) < 1000
    return Path(value).read_text() if short and Path(value).is_file() else value


def save(folder: Path, definition: dict[str, Any], conda: str, *, overwrite: bool) -> None:
    """Write the two files. Raises ``AlreadyExists`` unless they may be replaced."""
    if (folder / _NAME).exists() and not overwrite:
        raise AlreadyExists(f"{folder / _NAME} is there already; pass overwrite=True.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _CONDA).write_text(conda)
    (folder / _NAME).write_text(json.dumps(definition, indent=4) + "\n")


def load(folder: Path) -> dict[str, Any]:
    """The definition that ``save`` wrote. Raises ``NotFound``, ``BadEnvironment``."""
    file = folder / _NAME
    try:
        document = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise NotFound(f"There is no {_NAME} in {str(folder)!r}.") from error
    except ValueError as error:
        raise BadEnvironment(f"{file} is not valid JSON: {error}.") from error
    if not isinstance(document, dict):
        raise BadEnvironment(f"{file} is not an environment.")
    return document

"""The file that names a script's workspace: ``.azureml/config.json``."""

import json
from pathlib import Path
from typing import Any

from modelyard.sdk.errors import UserErrorException

_FOLDERS = (".azureml", "aml_config", ".")
FILE_NAME = "config.json"


def write(path: str | None, file_name: str | None, content: dict[str, Any]) -> Path:
    """Write it below ``path`` (default: here); the file's path."""
    folder = Path(path or ".") / ".azureml"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (file_name or FILE_NAME)
    file.write_text(json.dumps(content, indent=4) + "\n")
    return file


def read(path: str | None = None, file_name: str | None = None) -> dict[str, Any]:
    """
    What the nearest file says.

    Looks in ``.azureml``, ``aml_config`` and the folder itself, then in the parents. ``path`` may
    also be the file. Raises ``UserErrorException`` when there is none or it cannot be read.
    """
    if path and not Path(path).expanduser().exists():
        # a parent's would be another workspace than the one that was meant
        raise UserErrorException(f"There is no file or folder {path!r} (in {Path.cwd()}).")
    file = find(Path(path or "."), file_name or FILE_NAME)
    if file is None:
        raise UserErrorException(
            f"The workspace configuration file {file_name or FILE_NAME} was found neither in "
            f"{Path(path or '.').resolve()} nor in its parents. Write one with ws.write_config(), "
            "or say Workspace.get(name)."
        )
    try:
        content = json.loads(file.read_text())
        name = content["workspace_name"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserErrorException(
            f"{file} is not a workspace configuration: it must be JSON with 'workspace_name'."
        ) from error
    return {**content, "workspace_name": str(name)}


def find(start: Path, file_name: str) -> Path | None:
    """The nearest file, or None."""
    start = start.expanduser().absolute()
    if start.is_file():
        return start
    for folder in (start, *start.parents):
        for below in _FOLDERS:
            file = folder / below / file_name
            if file.is_file():
                return file
    return None

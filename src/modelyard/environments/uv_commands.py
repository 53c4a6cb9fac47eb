"""The commands of uv that make an environment, and what they may hear from outside."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv

from modelyard.domain.environments import Recipe
from modelyard.domain.errors import MissingExtra

_OWN_WAYS = re.compile(
    r"(?!UV_PYTHON_(INSTALL|DOWNLOADS|CACHE|CPYTHON))"
    r"(VIRTUAL_ENV|CONDA_|PYTHON(PATH|HOME|STARTUP|DONTWRITEBYTECODE|WARNINGS|SAFEPATH|PLATLIBDIR)"
    r"|__PYVENV|MODELYARD_"
    r"|UV_(PROJECT|PYTHON|SYSTEM_PYTHON|BREAK_SYSTEM|WORKING_DIR|ENV_FILE|FROZEN|LOCKED|ISOLATED)"
    r"|UV_(CONSTRAINT|OVERRIDE|BUILD_CONSTRAINT|EXCLUDE|REQUIRE_HASHES|VENV_|NO_VERIFY_HASHES)"
    r"|UV_(NO_EDITABLE|NO_BINARY|NO_BUILD|TORCH_BACKEND|MANAGED_PYTHON|NO_MANAGED_PYTHON))"
)
_IN_FILE = ("--index-url", "--extra-index-url", "--find-links", "--no-index")
_WITHOUT_HASHES = re.compile(r"@ (git|hg|svn|bzr)\+|@ file:")


def inherited(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    What children hear: indexes, proxies, certificates and the cache stay as the user set them;
    the virtual environment, project and constraints that we happen to run in do not.
    """
    source = os.environ if environment is None else environment  # noqa: TID251 - handed on
    kept = {name: value for name, value in source.items() if not _OWN_WAYS.match(name)}
    return {**kept, "NO_COLOR": "1", "UV_NO_PROGRESS": "1", "PYTHONUNBUFFERED": "1"}


def find_uv(path: str | None) -> str:
    """The binary of uv's own wheel, else the one on the PATH. Raises MissingExtra."""
    try:
        return str(uv.find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv", path=path)
    if found is None:
        raise MissingExtra("uv is missing; install it with: pip install 'modelyard[server]'")
    return found


def install_python(uv_binary: str, version: str) -> list[str]:
    """Download a Python that the machine has not."""
    return [uv_binary, "python", "install", "--no-bin", version]


def create(uv_binary: str, interpreter: str, env: Path) -> list[str]:
    """An empty environment that may be moved."""
    command = [uv_binary, "venv", "--relocatable", "--no-project", "--python", interpreter]
    return [*command, "--no-python-downloads", str(env)]


def lock(uv_binary: str, env: Path, recipe: Recipe, source: Path, lock_file: Path) -> list[str]:
    """Choose the exact version of everything, with the hash of each file."""
    hashes = [] if any(map(_WITHOUT_HASHES.search, recipe.requirements)) else ["--generate-hashes"]
    command = [uv_binary, "pip", "compile", "--python", str(env / "bin/python"), "--no-header"]
    return [*command, *hashes, *_arguments(recipe), "-o", str(lock_file), str(source)]


def install(uv_binary: str, env: Path, recipe: Recipe, source: Path) -> list[str]:
    """Install exactly what is locked and compile it."""
    command = [uv_binary, "pip", "install", "--python", str(env / "bin/python"), "--no-deps"]
    return [*command, "--compile-bytecode", *_arguments(recipe), "-r", str(source)]


def lines(options: Sequence[str], requirements: Sequence[str]) -> str:
    """
    A requirements file. Addresses of indexes stand in it and not among the arguments, which every
    user of the machine may list: they may hold a password.
    """
    named = [option.replace("=", " ", 1) for option in options if option.startswith(_IN_FILE)]
    return "\n".join([*named, *requirements]) + "\n"


def _arguments(recipe: Recipe) -> list[str]:
    arguments = []
    for option in recipe.options:
        if option == "--pre":
            arguments.append("--prerelease=allow")
        elif option.startswith("--trusted-host"):
            arguments.append(option.replace("--trusted-host", "--allow-insecure-host"))
        elif not option.startswith(_IN_FILE):
            arguments.append(option)
    return arguments

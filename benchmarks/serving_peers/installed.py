"""The environments of the servers, and how many packages each puts beside the model's own."""

import functools
import json
import subprocess

import uv

from benchmarks.peers import environment
from benchmarks.serving_peers.packages import LIBRARIES, MAKING, SERVERS


@functools.cache
def python_of(name: str) -> str:
    """The interpreter of a server's environment, installed at the first call."""
    return environment(f"serving-{name}", [*SERVERS[name], *LIBRARIES])


def python_for_making() -> str:
    """The interpreter that can make the models."""
    return environment("serving-making", [*MAKING, *LIBRARIES])


@functools.cache
def packages_in(name: str) -> dict[str, str]:
    """Names and versions of what a server's environment holds."""
    argv = [uv.find_uv_bin(), "pip", "list", "-q", "--format", "json", "-p", python_of(name)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return {each["name"]: each["version"] for each in json.loads(done.stdout)}


def added_packages(name: str) -> int:
    """How many packages the server put beside the model's libraries."""
    return len(packages_in(name).keys() - packages_in("modelyard").keys())


def version_of(name: str) -> str:
    """The version of the first package that the server was asked for by; '' for ours."""
    if not SERVERS[name]:
        return ""
    wanted = SERVERS[name][0].partition("[")[0]
    return packages_in(name)[wanted]

"""Builds beside each other, and builds that die."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelyard.domain.environments import BuiltEnvironment, EnvironmentDefinition, Recipe
from modelyard.domain.errors import EnvironmentBuildFailed
from modelyard.environments.uv_builder import UvBuilder
from tests.waiting import wait_until

OTHER_PROCESS = """
import sys
from pathlib import Path
from modelyard.domain.environments import Recipe
from modelyard.environments.uv_builder import UvBuilder

folder, uv, stop_at, *lines = sys.argv[1:]

def log(line):
    print(line, flush=True)
    if stop_at and stop_at in line:
        sys.stdin.read()

builder = UvBuilder(Path(folder), uv=uv or None)
requirements = tuple(line for line in lines if not line.startswith("-"))
options = tuple(line for line in lines if line.startswith("-"))
print("built", builder.build(Recipe("3.11", requirements, options), log).digest, flush=True)
"""


class OtherProcesses:
    """Processes that build, killed at the end of the test whatever happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def build(self, recipe: Recipe, stop_at: str = "", uv: str = "") -> subprocess.Popen[str]:
        arguments = [str(self._folder), uv, stop_at, *recipe.requirements, *recipe.options]
        process = subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()


@pytest.fixture
def others(folder: Path) -> Iterator[OtherProcesses]:
    others = OtherProcesses(folder)
    yield others
    others.close()


@pytest.fixture
def slow_uv(tmp_path: Path) -> Iterator[str]:
    """A uv that writes its process id, says that it works, and never ends by itself."""
    path = tmp_path / "uv"
    path.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\necho working >&2\nexec sleep 600\n")
    path.chmod(0o755)
    yield str(path)
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"{words!r} was never said")


def built_lines(lines: list[str]) -> int:
    return sum(line.startswith("Ready: ") for line in lines)


def test_eight_threads_and_two_processes_build_once(
    builder: UvBuilder, tiny: EnvironmentDefinition, others: OtherProcesses
) -> None:
    recipe = builder.resolve(tiny)
    lines: list[str] = []

    def build(_: int) -> BuiltEnvironment:
        return builder.build(recipe, lines.append)

    processes = [others.build(recipe) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(build, range(8)))
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert built == [built[0]] * 8
    assert [output.splitlines()[-1] for output in outputs] == [f"built {recipe.digest}"] * 2
    assert built_lines(lines) + sum(built_lines(out.splitlines()) for out in outputs) == 1


def test_a_builder_killed_in_the_middle_leaves_nothing_that_is_found(
    builder: UvBuilder, tiny: EnvironmentDefinition, others: OtherProcesses, folder: Path
) -> None:
    recipe = builder.resolve(tiny)
    process = others.build(recipe, stop_at="Installed 1 package")
    read_until(process, "Installed 1 package")

    process.kill()
    process.wait()

    assert builder.find(recipe.digest) is None
    assert builder.digests() == []
    assert builder.build(recipe, lambda _: None).packages == {"tinything": "2.0"}
    assert [path.name for path in folder.iterdir()] == [recipe.digest]


def test_a_new_builder_sweeps_what_a_killed_one_left_but_not_what_is_being_built(
    builder: UvBuilder, offline: tuple[str, ...], others: OtherProcesses, folder: Path
) -> None:
    options = ("--no-index", offline[1].replace(" ", "="))
    dead, alive = (Recipe("3.11", (f"tinything=={v}",), options) for v in ("1.0", "2.0"))
    processes = [others.build(recipe, stop_at="Resolved") for recipe in (dead, alive)]
    for process in processes:
        read_until(process, "Resolved")
    processes[0].kill()
    processes[0].wait()

    UvBuilder(folder)

    left = {path.name.split(".")[1] for path in folder.glob(".*.tmp")}
    assert left == {alive.digest}
    output, _ = processes[1].communicate(timeout=60)
    assert output.splitlines()[-1] == f"built {alive.digest}"


def test_the_children_of_a_killed_builder_die(
    others: OtherProcesses, slow_uv: str, tmp_path: Path
) -> None:
    process = others.build(Recipe("3.11", ("six",)), uv=slow_uv)
    read_until(process, "working")
    child = int((tmp_path / "pid").read_text())
    assert is_running(child)

    process.kill()

    wait_until(lambda: not is_running(child), what="the child's end")


class Cancelled(Exception):
    pass


def test_what_the_log_raises_cancels_the_build(folder: Path, slow_uv: str, tmp_path: Path) -> None:
    builder = UvBuilder(folder, uv=slow_uv)

    def log(line: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        builder.build(Recipe("3.11", ()), log)

    child = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(child), timeout=1, what="the child's end")
    assert list(folder.iterdir()) == []


def test_closing_the_builder_ends_its_builds(folder: Path, slow_uv: str) -> None:
    builder = UvBuilder(folder, uv=slow_uv)
    started = threading.Event()

    with ThreadPoolExecutor(2) as pool:
        building = pool.submit(builder.build, Recipe("3.11", ()), lambda _: started.set())
        assert started.wait(20)
        waiting = threading.Event()
        second = pool.submit(builder.build, Recipe("3.11", ()), lambda _: waiting.set())
        assert waiting.wait(20)
        builder.close()
        errors = [building.exception(20), second.exception(20)]

    assert [type(error) for error in errors] == [EnvironmentBuildFailed] * 2
    assert "stopped" in str(errors[0])
    assert list(folder.iterdir()) == []

"""Installing and removing the unit, with a systemctl that writes down what it is told."""

import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in
  *is-active*) exit "${ACTIVE:-3}" ;;
  *) exit "${BROKEN:-0}" ;;
esac
"""


@dataclass
class Machine:
    folder: Path

    @property
    def unit(self) -> Path:
        return self.folder / "config dir/systemd/user/modelyard.service"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def asked(self) -> list[str]:
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []

    def run(self, *arguments: str, path: str | None = None, **variables: str):
        environment = {
            "PATH": path or f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config dir"),
            "ASKED": str(self.folder / "asked"),
            "MODELYARD_HOME": str(self.home),
            "MODELYARD_TOKEN": "secret",
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "modelyard", "service-unit", *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    return Machine(tmp_path)


def test_it_is_written_for_its_owner_and_started(machine: Machine) -> None:
    done = machine.run("install", MODELYARD_PORT="8799")

    assert done.returncode == 0, done.stderr
    text = machine.unit.read_text()
    assert f'"MODELYARD_HOME={machine.home}"' in text
    assert '"MODELYARD_PORT=8799"' in text
    assert "secret" not in text
    assert stat.S_IMODE(machine.unit.stat().st_mode) == 0o600
    assert machine.asked[-2:] == ["--user daemon-reload", "--user enable --now modelyard.service"]
    assert "loginctl enable-linger" in done.stdout


def test_it_is_only_printed_when_asked(machine: Machine) -> None:
    done = machine.run("install", "--print")

    assert done.stdout.startswith("[Unit]\n")
    assert not machine.unit.exists()
    assert machine.asked == []


def test_without_systemd_the_two_commands_are_said(machine: Machine) -> None:
    done = machine.run("install", BROKEN="1")

    assert done.returncode == 0, done.stderr
    assert machine.unit.exists()
    assert "systemctl --user daemon-reload" in done.stdout
    assert "systemctl --user enable --now modelyard.service" in done.stdout


def test_without_systemctl_the_two_commands_are_said(machine: Machine) -> None:
    done = machine.run("install", path=str(machine.folder / "nothing"))

    assert done.returncode == 0, done.stderr
    assert "systemctl --user daemon-reload" in done.stdout


def test_a_server_started_by_hand_is_handed_over_by_the_user(machine: Machine) -> None:
    (machine.home / "run").mkdir(parents=True)
    (machine.home / "run/server.json").write_text("{}")

    done = machine.run("install")

    assert "--user enable modelyard.service" in machine.asked
    assert "--user enable --now modelyard.service" not in machine.asked
    assert "modelyard down --keep-serving" in done.stdout


def test_a_unit_that_runs_is_not_restarted_unasked(machine: Machine) -> None:
    done = machine.run("install", ACTIVE="0")

    assert "systemctl --user restart modelyard.service" in done.stdout
    assert not [line for line in machine.asked if "restart" in line]


def test_removing_stops_it_first(machine: Machine) -> None:
    machine.run("install")

    done = machine.run("remove")

    assert done.returncode == 0, done.stderr
    assert not machine.unit.exists()
    assert machine.asked[-2:] == ["--user disable --now modelyard.service", "--user daemon-reload"]
    again = machine.run("remove")
    assert again.returncode == 3
    assert "There is no unit" in again.stderr


def test_a_unit_of_the_machine_runs_as_the_owner_of_the_home(machine: Machine) -> None:
    machine.home.mkdir()

    done = machine.run("install", "--system", "--print")
    other = machine.run("install", "--system", "--print", "--run-as", "yard")
    wrong = machine.run("install", "--print", "--run-as", "yard")

    assert f"User={machine.home.owner()}" in done.stdout
    assert "User=yard" in other.stdout
    assert wrong.returncode == 2
    assert "--run-as is for --system" in wrong.stderr

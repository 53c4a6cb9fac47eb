"""What the supervisor keeps alive: plain data that control plane and supervisor exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

DESIRED_VERSION = 1


class Restart(StrEnum):
    """When a process that ended is started again."""

    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """
    One process of ``run/desired.json``.

    A changed ``argv`` or ``env`` means stop, then start. ``log`` takes stdout and stderr.
    ``stop_timeout`` seconds lie between SIGTERM (or ``stop_signal``) and SIGKILL. ``order``: lower
    starts first and stops last.
    """

    name: str
    argv: tuple[str, ...]
    log: str
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    restart: Restart = Restart.ALWAYS
    stop_signal: str = "SIGTERM"
    stop_timeout: float = 10.0
    order: int = 50


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything that shall run; ``epoch`` is the leader's that wrote it."""

    processes: Mapping[str, ProcessSpec]
    epoch: int = 0
    version: int = DESIRED_VERSION


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """
    What ``run/processes.json`` says of one process.

    ``state``: 'running', 'waiting' (to be restarted after a back-off), 'stopped', 'exited'.
    ``start_time`` is the kernel's, in clock ticks since boot: with ``boot_id`` and ``pid`` it
    names one process for ever. ``exit_code`` is None while unknown (an adopted child); a negative
    number is a signal.
    """

    name: str
    state: str
    pid: int | None = None
    start_time: int | None = None
    boot_id: str | None = None
    started: float | None = None
    restarts: int = 0
    exit_code: int | None = None
    adopted: bool = False

"""The text of a systemd unit; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelyard.domain.errors import BadInput

NAME = "modelyard.service"


_NOT_IN_PROGRAMS = frozenset("$\"'\\")
"""What systemd refuses or misreads in the path of a program, however it is written."""


@dataclass(frozen=True, slots=True)
class Unit:
    """
    How systemd shall run Modelyard.

    ``python`` has Modelyard installed; ``variables`` are set for the server. ``system`` units
    start with the machine and run as ``user``, others with their user's session.
    """

    python: str
    home: str
    variables: Mapping[str, str]
    system: bool = False
    user: str | None = None


def render(unit: Unit) -> str:
    """
    The unit file. Raises BadInput for what no unit file can say.

    Only the supervisor is killed when it is stopped: it ends the rest in order, and when it dies
    alone the services go on until the next one adopts them. A worker that runs out of memory must
    not end everything, which is systemd's default.
    """
    bad = sorted(set(unit.python) & _NOT_IN_PROGRAMS)
    if bad:
        raise BadInput(
            f"systemd cannot start {unit.python}: the path has {' '.join(bad)} in it. Install "
            "Modelyard in another folder."
        )
    command = " ".join(word(part) for part in (unit.python, "-P", "-m", "modelyard.bootstrap.up"))
    lines = [
        "[Unit]",
        f"Description=Modelyard in {_line(unit.home)}",
        "After=network.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={command}",
        *(f"User={_line(user)}" for user in [unit.user] if user),
        *(f"Environment={setting(n, unit.variables[n])}" for n in sorted(unit.variables)),
        "KillMode=process",
        "OOMPolicy=continue",
        "Delegate=yes",
        "Restart=always",
        "RestartSec=2",
        "TimeoutStopSec=300",
        "",
        "[Install]",
        f"WantedBy={'multi-user' if unit.system else 'default'}.target",
    ]
    return "\n".join(lines) + "\n"


def word(text: str) -> str:
    """A word of ExecStart, as systemd reads it back."""
    return quoted(text.replace("$", "$$"))


def setting(name: str, value: str) -> str:
    """A variable for Environment=, as systemd reads it back."""
    return quoted(f"{name}={value}")


def quoted(text: str) -> str:
    """In double quotes, with specifiers and escapes that stand for themselves."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    plain = {"\\": "\\\\", '"': '\\"', "%": "%%", "\n": "\\n", "\t": "\\t"}
    return "".join(plain.get(c) or _printable(c, text) for c in text)


def _printable(character: str, text: str) -> str:
    if character == "\0" or 0xD800 <= ord(character) <= 0xDFFF:
        raise BadInput(f"A unit file cannot hold {text!r}: it is not UTF-8 text.")
    return f"\\x{ord(character):02x}" if ord(character) < 32 else character


def _line(text: str) -> str:
    """A value that is not split into words, on one line."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown.rstrip("\\").replace("%", "%%")

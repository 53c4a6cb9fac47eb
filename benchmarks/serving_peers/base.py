"""What a server under test is: how it is started, asked and understood."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("linear", "forest", "onnx", "sleeper")
PROGRAMS = Path(__file__).parent / "programs"

Rows = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Place:
    """
    Where a server is started: ``python`` of its environment, ``folder`` of its own to write to,
    ``models`` with what ``make_models.py`` wrote, the ``port`` it shall listen on.
    """

    python: str
    folder: Path
    models: Path
    kind: str
    port: int

    @property
    def variables(self) -> dict[str, str]:
        """What `scoring.py` and the programs need to be found and to find the model."""
        return {
            "MODEL_FOLDER": str(self.models),
            "MODEL_KIND": self.kind,
            "PYTHONPATH": str(PROGRAMS),
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def program(self, name: str) -> str:
        """A command that the environment has installed."""
        return str(Path(self.python).parent / name)


@dataclass(frozen=True)
class Command:
    """A process to start; ``variables`` are added to the environment."""

    argv: Sequence[str]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """
    A server under test.

    ``key`` is its name on the command line, ``environment`` one of ``packages.SERVERS``.
    ``command`` may write files first. ``wrap`` makes the JSON value to ask with from rows and
    ``unwrap`` takes the numbers from the answer's. ``batched`` says that it runs several requests
    in one call. ``ours`` marks Modelyard, ``floor`` what serves no model, ``framework`` what is no
    server of models by itself. A ``restless`` one uses its core also when nobody asks.
    """

    key: str
    title: str
    environment: str
    command: Callable[[Place], Command]
    path: str = "/score"
    wrap: Callable[[Rows], Any] = lambda rows: {"data": rows}
    unwrap: Callable[[Any], Any] = lambda answer: answer
    headers: Mapping[str, str] = field(default_factory=dict)
    kinds: Sequence[str] = KINDS
    batched: bool = False
    ours: bool = False
    floor: bool = False
    framework: bool = False
    restless: bool = False

    def request(self, port: int, rows: Rows) -> bytes:
        """The bytes of one request."""
        body = json.dumps(self.wrap(rows)).encode()
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Content-Type: application/json",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def numbers(self, body: bytes) -> list[float]:
        """The numbers in an answer. Raises ValueError, KeyError or TypeError for another shape."""
        return flat(self.unwrap(json.loads(body)))


def flat(value: Any) -> list[float]:
    """A number, a list or lists of lists as one list."""
    if isinstance(value, list):
        return [number for part in value for number in flat(part)]
    if isinstance(value, dict):
        return [number for part in value.values() for number in flat(part)]
    return [float(value)]


def close_to(found: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether a server answered what the model says; float32 networks are a little off."""
    return len(found) == len(wanted) and all(
        abs(a - b) <= 1e-3 + 1e-3 * abs(b) for a, b in zip(found, wanted, strict=True)
    )

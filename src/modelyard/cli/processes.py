"""Commands that are processes of their own: the CLI itself knows nothing behind the wire."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

import typer

from modelyard import settings as settings_


def run_part(
    name: str, arguments: Sequence[str], changes: Mapping[str, str] | None = None
) -> None:
    """
    Run ``modelyard.bootstrap.NAME`` with this terminal, and end as it ends.

    ``changes`` are variables that are set for it.
    """
    command = [sys.executable, "-P", "-m", f"modelyard.bootstrap.{name}", *arguments]
    environment = settings_.child_environment(**(changes or {}))
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own module
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # the child got it too, and ends in order
        break
    if code:
        raise typer.Exit(code)

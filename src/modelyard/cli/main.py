"""The entry point: runs the command and turns errors into a sentence and an exit code."""

import sys

from modelyard.domain.errors import BadInput, ModelyardError, NotFound

try:
    from modelyard.cli import app
except ModuleNotFoundError as missing:  # only the client is installed
    if missing.name is None or missing.name.split(".")[0] == "modelyard":
        raise
    app = None  # type: ignore[assignment]

INTERRUPTED = 130
"""What shells expect of a command that Ctrl-C ended."""


def main() -> None:
    """
    Run the command line of this process.

    Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 there is no such thing, 130
    interrupted.
    """
    if app is None:
        sys.exit(
            "The 'modelyard' command needs the server's parts: pip install 'modelyard[server]'"
        )
    code = 0
    try:
        app.run()
    except ModelyardError as error:
        sys.stderr.write(_told(error))
        code = exit_code(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # the reader of our output went away, as `| head` does: nothing is wrong
        sys.stderr.close()
    sys.exit(code)


def exit_code(error: ModelyardError) -> int:
    """The exit code of an error."""
    if isinstance(error, NotFound):
        return 3
    return 2 if isinstance(error, BadInput) else 1


def _told(error: ModelyardError) -> str:
    lines = [f"Error: {error.message}"]
    trace = error.details.get("traceback")
    if isinstance(trace, str) and trace not in error.message:
        lines.append(trace.rstrip())
    return "\n".join(lines) + "\n"

"""The entry point: runs the command and turns errors into a sentence and an exit code."""

import sys

from modelyard.domain.errors import BadInput, ModelyardError, NotFound, Unauthenticated

try:
    from modelyard.cli import app
except ModuleNotFoundError as missing:  # only the client is installed
    if missing.name is None or missing.name.split(".")[0] == "modelyard":
        raise
    app = None  # type: ignore[assignment]


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
        sys.stderr.write(told(error))
        code = exit_code(error)
    except OSError as error:
        # a file of the user's that cannot be read or written; what we know better is said better
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        sys.stderr.write(f"Error: {what}\n")
        code = 1
    sys.exit(code)


def exit_code(error: ModelyardError) -> int:
    """The exit code of an error."""
    if isinstance(error, NotFound):
        return 3
    return 2 if isinstance(error, BadInput) else 1


def told(error: ModelyardError) -> str:
    """What a person reads of an error."""
    lines = [f"Error: {error.message}"]
    if isinstance(error, Unauthenticated):
        lines.append(
            "The command takes the token of MODELYARD_TOKEN, else of the file 'token' in "
            "MODELYARD_HOME."
        )
    trace = error.details.get("traceback")
    if isinstance(trace, str) and trace not in error.message:
        lines.append(trace.rstrip())
    return "\n".join(lines) + "\n"

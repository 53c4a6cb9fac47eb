"""``python -m modelyard.azureml script.py …`` or ``-m module …``: run an old script unchanged."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from modelyard.azureml.finders import install

_USAGE = "usage: python -m modelyard.azureml (SCRIPT | -m MODULE) [ARGUMENTS…]"


def main(arguments: Sequence[str]) -> int:
    """Run the script as ``python`` would: its folder first on the path, its own arguments."""
    rest = list(arguments)
    module = bool(rest) and rest[0] == "-m"
    rest = rest[1:] if module else rest
    if not rest or rest[0].startswith("-"):
        print(_USAGE, file=sys.stderr)
        return 0 if rest[:1] in (["-h"], ["--help"]) else 2
    install()
    sys.excepthook = _show_the_scripts_frames
    if module:
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return 0
    script = Path(rest[0])
    if not script.exists():
        print(f"There is no script {rest[0]!r} (in {Path.cwd()}).", file=sys.stderr)
        return 2
    sys.argv = rest
    sys.path[0] = str(script.resolve().parent)
    runpy.run_path(str(script), run_name="__main__")
    return 0


def _show_the_scripts_frames(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """As ``python`` shows an error: from the script's first line on."""
    while trace and trace.tb_frame.f_code.co_filename in {__file__, "<frozen runpy>"}:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

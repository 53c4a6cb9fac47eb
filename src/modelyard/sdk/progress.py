"""A line of progress on stderr, for people who watch."""

import sys
import time
from types import TracebackType

_EVERY = 0.2


class Progress:
    """Counts bytes towards a total; writes a line while stderr is a terminal or it was asked."""

    def __init__(self, what: str, total: int, *, show: bool = False) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self._live = sys.stderr.isatty()
        self._show = show and not self._live
        self._last = 0.0

    def add(self, size: int) -> None:
        """So many bytes more are done."""
        self.done += size
        if self._live and time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            sys.stderr.write(f"\r{self._line()}")
            sys.stderr.flush()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if self._live and self._last:
            sys.stderr.write(f"\r{self._line()}\n")
        elif self._show and self.total and error is None:
            sys.stderr.write(f"{self._line()}\n")

    def _line(self) -> str:
        share = 100 * self.done // self.total if self.total else 100
        return f"{self.what}: {human(self.done)} of {human(self.total)} ({share} %)"


def human(size: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"

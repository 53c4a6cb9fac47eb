"""Lines out of pieces of output."""

LINE_LIMIT = 64 * 1024
_CUT = " … [line cut at 64 KB]".encode()


class Lines:
    """
    Whole lines out of pieces; what is longer than ``LINE_LIMIT`` is cut.

    With ``room`` for marks a line may be so much longer: it is cut when they are out of it.
    """

    def __init__(self, room: int = 0) -> None:
        self._limit = LINE_LIMIT + room
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines complete now, without their ends."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = []
        for line in whole:
            if self._skipping:
                self._skipping = False
            else:
                lines.append(self._cut(line.rstrip(b"\r")))
        if self._skipping:
            self._rest = b""
        elif len(self._rest) > self._limit:
            lines.append(self._cut(self._rest))
            self._rest = b""
            self._skipping = True
        return lines

    def end(self) -> list[bytes]:
        """What is left without a line end."""
        rest, self._rest = self._rest, b""
        return [self._cut(rest)] if rest and not self._skipping else []

    def _cut(self, line: bytes) -> bytes:
        return cut(line) if self._limit == LINE_LIMIT else line[: self._limit + 1]


def cut(line: bytes) -> bytes:
    """A line of ``LINE_LIMIT`` bytes at most, with a word that says so where it was longer."""
    return line if len(line) <= LINE_LIMIT else line[:LINE_LIMIT] + _CUT

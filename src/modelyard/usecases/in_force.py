"""Whether the gateway does what is stored, and waiting until it does."""

import threading

PATIENCE = 5.0
"""Seconds that a change of traffic waits at most until it is in force."""


class InForce:
    """
    Shared by the thread that leads and the calls that wait for it.

    A change is in force when a look that began after it was stored has told the gateway all.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._changed = threading.Condition()
        self._begun = 0
        self._done = 0
        self._now = False

    def begin(self) -> int:
        """The leader is about to read what is stored; the number of its look."""
        with self._changed:
            self._begun += 1
            return self._begun

    def end(self, look: int, *, done: bool) -> None:
        """Whether the gateway does all that this look saw."""
        with self._changed:
            self._now = done
            if done:
                self._done = look
                self._changed.notify_all()

    def now(self) -> bool:
        """Whether the last look ended with everything in force."""
        with self._changed:
            return self._now

    def mark(self) -> int:
        """A mark for what is stored now: the number of the next look, which sees it."""
        with self._changed:
            return self._begun + 1

    def reached(self, mark: int) -> bool:
        """Whether the gateway does all that was stored before the mark was made."""
        with self._changed:
            return self._done >= mark

    def wait(self, mark: int) -> bool:
        """Wait until it is reached; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._done >= mark, self._patience)

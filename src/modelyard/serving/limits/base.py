"""What every way of limiting workers can do; by itself it does nothing, for who asked for none."""

from collections.abc import Callable, Mapping


class Limits:
    """Bounds on all workers of a front together."""

    kind = "none"
    """'cgroup-v2', 'cgroup-v1', 'watchdog' or 'none': what ``status`` says."""

    def admit(self, pid: int) -> None:
        """Put a worker under the limits before it runs user code. Raises OSError."""

    def oom_kills(self) -> int:
        """How many processes the kernel has killed so far because of the memory limit."""
        return 0

    def start(
        self, workers: Callable[[], Mapping[int, int]], kill: Callable[[int, str], None]
    ) -> None:
        """Begin to watch, where watching is needed; ``workers`` gives pid by number."""

    async def close(self) -> None:
        """Remove what was made; may be called twice."""

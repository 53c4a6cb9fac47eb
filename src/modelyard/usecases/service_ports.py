"""The loopback ports of local services."""

import threading
import time
from collections.abc import Callable

from modelyard.domain.errors import BadInput, Conflict
from modelyard.domain.services import Service, ServiceKind
from modelyard.ports import ServiceStore

FIRST_PORT = 8890
"""Where the search for a free port begins when the caller names none."""


CHOSEN_FOR = 10.0
"""Seconds in which a port that was chosen is not chosen again: it may not be stored yet."""


class LocalPorts:
    """
    Chooses ports; several threads may ask. ``free`` tries whether this user could listen on one.
    """

    def __init__(self, store: ServiceStore, free: Callable[[int], bool]) -> None:
        self._store = store
        self._free = free
        self._lock = threading.Lock()
        self._chosen: dict[int, float] = {}

    def choose(self, kind: ServiceKind, asked: int | None, old: Service | None) -> int | None:
        """
        The port of a service, None for those that have none.

        A redeployed service keeps its own. Raises BadInput for what is no port or for a port on
        another kind, Conflict when it is taken.
        """
        if kind is not ServiceKind.LOCAL:
            if asked is not None:
                raise BadInput(f"Only Local services have a port of their own, not {kind} ones.")
            return None
        if asked is not None and not 1 <= asked <= 65535:
            raise BadInput(f"{asked} is no port: it must be 1 to 65535.")
        own = old.port if old else None
        if own is not None and asked in {None, own}:
            return own
        taken = {s.port: s for s in self._store.list() if s.port is not None}
        if asked is None:
            return self._first_free(set(taken))
        if asked in taken:
            other = taken[asked]
            raise Conflict(
                f"Port {asked} belongs to the service {other.name!r} of workspace "
                f"{other.workspace!r}. Name another port, or none to have a free one chosen."
            )
        if not self._free(asked):
            raise Conflict(
                f"Port {asked} cannot be opened: another program has it, or this user may not. "
                "Name another port, or none to have a free one chosen."
            )
        return asked

    def _first_free(self, taken: set[int | None]) -> int:
        with self._lock:
            now = time.monotonic()
            self._chosen = {p: at for p, at in self._chosen.items() if now - at < CHOSEN_FOR}
            for port in range(FIRST_PORT, FIRST_PORT + 1000):
                if port not in taken and port not in self._chosen and self._free(port):
                    self._chosen[port] = now
                    return port
        raise Conflict(f"No port from {FIRST_PORT} on is free; name one.")

"""How the telemetry store is."""

from modelyard.wire.base import Wire


class TelemetryStatus(Wire):
    """
    ``problems`` are sentences on what keeps telemetry from being written now, ``notes`` on what
    happened since the start, like a damaged file. ``dropped`` counts records lost for want of
    room since the start, by where. ``oldest`` is the time (seconds since the epoch) of the oldest
    hour that is kept in files; ``lag`` the seconds that a record now takes until it is seen;
    ``disk`` bytes, ``free`` those left.
    """

    rows: dict[str, int] = {}
    dropped: dict[str, int] = {}
    unreadable: int = 0
    mended: int = 0
    rings: int = 0
    waiting: int = 0
    files: int = 0
    disk: int = 0
    free: int = 0
    oldest: float | None = None
    lag: float = 0.0
    problems: list[str] = []
    notes: list[str] = []

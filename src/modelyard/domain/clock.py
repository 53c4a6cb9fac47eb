"""Times are UTC and aware everywhere; text is ISO 8601."""

from datetime import UTC, datetime


def utc(timestamp: float) -> datetime:
    """The aware UTC time of a Unix timestamp in seconds."""
    return datetime.fromtimestamp(timestamp, tz=UTC)

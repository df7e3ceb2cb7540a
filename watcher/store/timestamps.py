"""Points in time as the database keeps them."""

from datetime import UTC, datetime


def stamp(seconds: float) -> str:
    """Unix seconds → UTC, ISO 8601 with microseconds and Z: text that sorts by time."""
    return as_stamp(datetime.fromtimestamp(seconds, UTC))


def as_stamp(moment: datetime) -> str:
    """An aware datetime → the same form."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"

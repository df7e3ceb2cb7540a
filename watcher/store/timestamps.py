"""Stamps: points in time as the database keeps them."""

from datetime import UTC, datetime


def stamp(seconds: float) -> str:
    """Unix seconds as a stamp: UTC, ISO 8601 with microseconds and Z; text that sorts by time."""
    return as_stamp(datetime.fromtimestamp(seconds, UTC))


def as_stamp(moment: datetime) -> str:
    """An aware datetime as a stamp."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"

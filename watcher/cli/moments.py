"""Points in time, as every option takes them: an age, a day, or a time."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import click

from watcher.store.timestamps import as_stamp
from watcher.text import local_day

FORMS = (
    "an age (90min, 24h, 7d, 2w, 6m for months, 1y), a day (yesterday, 2026-11-22) "
    "or a UTC time (2026-11-22T14:00)"
)
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"([1-9]\d{0,5})(s|min|h|d|w|m|y)")


class MomentParam(click.ParamType[str]):
    """A point in time, converted to a stamp; see `moment`. With `past`, a time in the future is refused."""

    name = "WHEN"

    def __init__(self, *, past: bool = False) -> None:
        self._past = past

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The stamp. Raises click.BadParameter."""
        now = datetime.now(UTC)
        try:
            found = moment(value, now)
            stamp = as_stamp(found)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time; write {FORMS}", param, ctx)
        if self._past and found > now:
            self.fail(f"{value!r} is in the future", param, ctx)
        return stamp


def moment(text: str, now: datetime) -> datetime:
    """The point in time that `text` means; `now` is an aware datetime. Raises ValueError, OverflowError.

    An age is the time that long before now: s, min, h, d, w, m (months) or y. Months keep the day, or the
    last day of a shorter month. A day, also `today` and `yesterday`, begins at midnight of this machine's
    time, as in the view `daily`. A time is UTC unless it names its zone.
    """
    age = _AGE.fullmatch(text)
    if age:
        number, unit = int(age[1]), age[2]
        if unit in _UNITS:
            return now - timedelta(**{_UNITS[unit]: number})
        return _months_before(now, number * (12 if unit == "y" else 1))
    named = {"today": 0, "yesterday": 1}
    if text in named:
        return _midnight(now.astimezone().date() - timedelta(days=named[text]))
    try:
        return _midnight(date.fromisoformat(text))
    except ValueError:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def local_words(stamp: str, now: datetime) -> str:
    """A stamp's day in this machine's time; with the time of day if it is less than two days ago."""
    local = datetime.fromisoformat(stamp).astimezone()
    is_recent = now - local < timedelta(days=2) and local.time() != time()
    return f"{local:%Y-%m-%d %H:%M}" if is_recent else local_day(stamp)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()


def _months_before(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))

"""Stamps: points in time as text."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from watcher.store.timestamps import as_stamp, stamp

MOMENTS = st.builds(
    lambda seconds, micro, hours: (
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=micro)
    ).astimezone(timezone(timedelta(hours=hours))),
    st.integers(0, 4 * 10**9),
    st.integers(0, 999_999),
    st.integers(-12, 14),
)


def test_a_stamp_is_utc_with_microseconds_and_z() -> None:
    assert stamp(0) == "1970-01-01T00:00:00.000000Z"
    assert stamp(1_795_305_600.25) == "2026-11-22T00:00:00.250000Z"
    assert as_stamp(datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=1)))) == stamp(1_795_305_600)


@given(MOMENTS, MOMENTS)
def test_stamps_sort_by_time(one: datetime, other: datetime) -> None:
    assert (as_stamp(one) < as_stamp(other)) == (one < other)
    assert (as_stamp(one) == as_stamp(other)) == (one == other)


@given(MOMENTS)
def test_a_stamp_can_be_read_back(moment: datetime) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", as_stamp(moment))
    assert datetime.fromisoformat(as_stamp(moment)) == moment

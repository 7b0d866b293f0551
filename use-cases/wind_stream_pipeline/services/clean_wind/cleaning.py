"""Rows in, readings out: each time once, in order, with a value.

A row is held back until the rows are `look_back` past its time, so that one which comes late still finds its place.
Nothing that is older is held, however long the stream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

TIMESTAMP_FORMAT = "%d-%b-%Y %H:%M:%S"


class Reading(NamedTuple):
    time: datetime
    megawatts: float


@dataclass
class Cleaning:
    """Rows by what became of them; the names are those of the message in wind.proto."""

    rows_read: int = 0
    rows_kept: int = 0
    without_value: int = 0
    outside_period: int = 0
    of_another_series: int = 0
    repeated_timestamps: int = 0
    too_late: int = 0
    put_in_order: int = 0


class Cleaner:
    def __init__(self, period_from: str, period_until: str, look_back_hours: float) -> None:
        """Dates as "2024-01-01", or empty for no limit. Raises ValueError for what is none."""
        self._from = day_start("period_from", period_from) if period_from else datetime.min
        self._until = day_start("period_until", period_until) if period_until else datetime.max
        # `not` catches what is no number, too.
        if not 0 <= look_back_hours <= 24 * 366:
            raise ValueError(f"look_back_hours is {look_back_hours}; it must be between 0 and {24 * 366}")
        self._look_back = timedelta(hours=look_back_hours)
        self._held: dict[datetime, float] = {}
        self._newest = datetime.min
        self._series: tuple[str, str] | None = None
        self._counts = Cleaning()

    def take(self, timestamp: str, series: str, region: str, megawatts: float | None) -> None:
        """Raises ValueError when the timestamp cannot be read."""
        counts = self._counts
        counts.rows_read += 1
        time = read_time(timestamp)
        self._series = self._series or (series, region)
        if (series, region) != self._series:
            counts.of_another_series += 1
        elif megawatts is None:
            counts.without_value += 1
        elif not self._from <= time < self._until:
            counts.outside_period += 1
        elif self._newest - time > self._look_back:
            counts.too_late += 1
        elif time in self._held:
            counts.repeated_timestamps += 1
        else:
            counts.rows_kept += 1
            counts.put_in_order += time < self._newest
            self._held[time] = megawatts
            self._newest = max(self._newest, time)

    def ready(self) -> Iterator[Reading]:
        """Takes out, in order, what no row can come before any more."""
        return self._release(time for time in self._held if self._newest - time > self._look_back)

    def rest(self) -> Iterator[Reading]:
        """Takes out, in order, what is left when no row can come any more."""
        return self._release(self._held)

    def counts(self) -> Cleaning:
        """Of the rows since the last time this was asked."""
        counts, self._counts = self._counts, Cleaning()
        return counts

    def _release(self, times: Iterable[datetime]) -> Iterator[Reading]:
        for time in sorted(times):
            yield Reading(time, self._held.pop(time))


def day_start(name: str, text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time())
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it must be a date such as 2024-01-01") from None


def read_time(timestamp: str) -> datetime:
    try:
        return datetime.strptime(timestamp, TIMESTAMP_FORMAT)
    except ValueError:
        raise ValueError(f"the timestamp {timestamp!r} is not one such as 01-Jan-2024 00:15:00") from None

"""Means per hour and per day, of readings as they come."""

import math
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple


class HourMean(NamedTuple):
    hour: int
    mean_megawatts: float
    readings: int


class DayMeans(NamedTuple):
    date: date
    mean_megawatts: float
    readings: int
    hours: list[HourMean]


class Days:
    """Holds the readings of one day, until the next one begins."""

    def __init__(self) -> None:
        self._newest = datetime.min
        self._by_hour: dict[int, list[float]] = {}

    def take(self, time: datetime, megawatts: float) -> Iterator[DayMeans]:
        """Gives the day before when the reading is the first of its day. Raises ValueError out of order."""
        if time <= self._newest:
            raise ValueError(f"the reading of {time} comes after the one of {self._newest}")
        if time.date() != self._newest.date():
            yield from self.rest()
        self._newest = time
        self._by_hour.setdefault(time.hour, []).append(megawatts)

    def rest(self) -> Iterator[DayMeans]:
        """Gives the day that has begun, if one has."""
        by_hour, self._by_hour = self._by_hour, {}
        if by_hour:
            yield means(self._newest.date(), by_hour)


def means(day: date, by_hour: dict[int, list[float]]) -> DayMeans:
    values = [value for hour in by_hour.values() for value in hour]
    hours = [HourMean(hour, mean(values), len(values)) for hour, values in by_hour.items()]
    return DayMeans(day, mean(values), len(values), hours)


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)

"""Ramps: generation that changes by more than a limit within some hours."""

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple


class Reading(NamedTuple):
    time: datetime
    megawatts: float


class Ramp(NamedTuple):
    start: Reading
    end: Reading

    @property
    def change(self) -> float:
        return self.end.megawatts - self.start.megawatts


class Ramps:
    """Takes readings in order; holds those of the last `within_hours`, and the ramps found."""

    def __init__(self, more_than_megawatts: float, within_hours: float) -> None:
        """Raises ValueError for a limit below 0 or a time that is not above 0."""
        if not more_than_megawatts >= 0:
            raise ValueError(f"more_than_megawatts is {more_than_megawatts}; it must be 0 or more")
        if not 0 < within_hours <= 24 * 366:
            raise ValueError(f"within_hours is {within_hours}; it must be above 0 and at most {24 * 366}")
        self._limit = more_than_megawatts
        self._within = timedelta(hours=within_hours)
        self._window: deque[Reading] = deque()
        self._up: list[Ramp] = []
        self._down: list[Ramp] = []

    def take(self, reading: Reading) -> None:
        while self._window and reading.time - self._window[0].time > self._within:
            self._window.popleft()
        self._window.append(reading)
        # Of readings that are equal the last: a ramp starts where the change does.
        recent = list(reversed(self._window))
        lowest = min(recent, key=lambda other: other.megawatts)
        highest = max(recent, key=lambda other: other.megawatts)
        if reading.megawatts - lowest.megawatts > self._limit:
            extend(self._up, Ramp(lowest, reading))
        if highest.megawatts - reading.megawatts > self._limit:
            extend(self._down, Ramp(highest, reading))

    def found(self) -> list[Ramp]:
        """By their start."""
        return sorted(self._up + self._down, key=lambda ramp: ramp.start.time)


def extend(ramps: list[Ramp], ramp: Ramp) -> None:
    """Adds a ramp, or makes it part of the last one, which points the same way, if the two overlap."""
    if not ramps or ramp.start.time > ramps[-1].end.time:
        ramps.append(ramp)
        return
    longer = Ramp(ramps[-1].start, ramp.end)
    if abs(longer.change) > abs(ramps[-1].change):
        ramps[-1] = longer

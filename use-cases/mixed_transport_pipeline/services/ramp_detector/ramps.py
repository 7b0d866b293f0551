"""Ramps: large changes of generation within few hours."""

from datetime import timedelta
from typing import NamedTuple

from hourly import Hour


class Ramp(NamedTuple):
    begin: Hour
    end: Hour

    @property
    def change(self) -> float:
        return self.end.megawatts - self.begin.megawatts


def find_ramps(hours: list[Hour], more_than: float, within_hours: int) -> list[Ramp]:
    """Changes that overlap and point the same way are one ramp, from its lowest to its highest end."""
    found: list[Ramp] = []
    for index, end in enumerate(hours):
        earliest = end.start - timedelta(hours=within_hours)
        before = [hour for hour in hours[max(0, index - within_hours) : index] if hour.start >= earliest]
        if not before:
            continue
        # Of equal changes the shortest.
        begin = max(reversed(before), key=lambda hour: abs(end.megawatts - hour.megawatts))
        ramp = Ramp(begin, end)
        if abs(ramp.change) <= more_than:
            continue
        if found and found[-1].end.start >= begin.start and found[-1].change * ramp.change > 0:
            ramp = max(found[-1], Ramp(found[-1].begin, end), key=lambda each: abs(each.change))
            found[-1] = ramp
        else:
            found.append(ramp)
    return found

"""A record of the room: one line for whatever comes, and a summary of them all."""

import csv
from typing import TextIO

COLUMNS = ["set_point_c", "step", "temperature_c", "heat_kw", "energy_kwh", "stamped_at"]


class Record:
    def __init__(self, file: TextIO) -> None:
        self._lines = csv.DictWriter(file, COLUMNS)
        self._lines.writeheader()
        self._counts = {"set_points": 0, "stamps": 0, "states": 0}
        self._seen: dict[str, float] = {}

    def add(self, entry: dict) -> None:
        """Takes what has come by the names of `COLUMNS`; what has not is left out."""
        self._lines.writerow(entry)
        for name, column in [("set_points", "set_point_c"), ("stamps", "stamped_at"), ("states", "step")]:
            self._counts[name] += column in entry
        seen = self._seen
        if "set_point_c" in entry:
            seen["last_set_point_c"] = entry["set_point_c"]
        if "temperature_c" in entry:
            temperature = entry["temperature_c"]
            seen["last_temperature_c"] = temperature
            seen["coldest_c"] = min(seen.get("coldest_c", temperature), temperature)
            seen["warmest_c"] = max(seen.get("warmest_c", temperature), temperature)
        if "energy_kwh" in entry:
            seen["energy_kwh"] = entry["energy_kwh"]

    def summary(self) -> dict:
        """By the names of the message in state_logger.proto; what was never seen is left out."""
        return {**self._counts, **self._seen}

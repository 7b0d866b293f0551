"""A regulator with a proportional and an integral part, that says nothing when there is nothing to correct."""

from typing import NamedTuple


class Settings(NamedTuple):
    proportional_kw_per_c: float
    # Added with each temperature for each degree that is missing.
    integral_kw_per_c: float
    max_heat_kw: float
    tolerance_c: float
    tolerance_kw: float

    def checked(self) -> "Settings":
        """Raises ValueError for a setting that is not above 0; with none of the tolerances it would never be quiet."""
        for name, value in self._asdict().items():
            if not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        return self


class Regulator:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._set_point: float | None = None
        self._temperature: float | None = None
        self._error = 0.0
        self._heat = 0.0
        self._sent: float | None = None

    def on_set_point(self, set_point: float) -> float | None:
        """The heat to ask for, in kW; None when it may stay as it is."""
        self._set_point = set_point
        return self._command()

    def on_temperature(self, temperature: float) -> float | None:
        """The heat to ask for, in kW; None when it may stay as it is."""
        self._temperature = temperature
        return self._command()

    def _command(self) -> float | None:
        if self._set_point is None:
            return None
        if self._temperature is None:
            # Not to heat is a command too, and its answer is the first temperature.
            return self._send(0.0)
        settings = self._settings
        error = self._set_point - self._temperature
        # The change of the heat is computed, not the heat: so nothing piles up while it is at its limit.
        change = settings.proportional_kw_per_c * (error - self._error) + settings.integral_kw_per_c * error
        self._error = error
        self._heat = min(max(self._heat + change, 0.0), settings.max_heat_kw)
        at_set_point = abs(error) <= settings.tolerance_c
        if at_set_point and self._sent is not None and abs(self._heat - self._sent) <= settings.tolerance_kw:
            return None
        return self._send(self._heat)

    def _send(self, heat: float) -> float:
        self._sent = heat
        return heat

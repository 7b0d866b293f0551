"""Two forecasts that every better one has to beat, and how far each was off.

Persistence: it will be as it was `horizon` ago. Climatology: it will be as it was on average at this hour of the day.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

Hours = Mapping[datetime, float]


class Periods(NamedTuple):
    fit_from: datetime
    # What is scored was never fitted on.
    score_from: datetime
    score_until: datetime
    horizon: timedelta

    @classmethod
    def parse(cls, fit_from: str, score_from: str, score_until: str, horizon_hours: int) -> "Periods":
        """Dates as "2024-01-01". Raises ValueError for what is none, for a wrong order, and for no horizon."""
        starts = [
            day_start("fit_from", fit_from),
            day_start("score_from", score_from),
            day_start("score_until", score_until),
        ]
        if sorted(set(starts)) != starts:
            raise ValueError(
                f"fit_from, score_from and score_until are {fit_from}, {score_from} and {score_until}; "
                "each must be later than the one before"
            )
        if not 1 <= horizon_hours <= 24 * 366:
            raise ValueError(f"horizon_hours is {horizon_hours}; it must be between 1 and {24 * 366}")
        return cls(*starts, timedelta(hours=horizon_hours))


class Score(NamedTuple):
    method: str
    hours: int
    mae_megawatts: float
    rmse_megawatts: float


def fit(hours: Hours, periods: Periods) -> tuple[dict[int, float], int]:
    """The mean for each hour of the day, and the number of hours that it was fitted on."""
    by_hour = defaultdict(list)
    for time, megawatts in hours.items():
        if periods.fit_from <= time < periods.score_from:
            by_hour[time.hour].append(megawatts)
    means = {hour: math.fsum(values) / len(values) for hour, values in by_hour.items()}
    return means, sum(map(len, by_hour.values()))


def scores(hours: Hours, climatology: Mapping[int, float], periods: Periods) -> list[Score]:
    """Both methods on the same hours: those which both can forecast. Raises ValueError when there is none."""
    scored = [
        time
        for time in hours
        if periods.score_from <= time < periods.score_until
        and time - periods.horizon in hours
        and time.hour in climatology
    ]
    if not scored:
        raise ValueError(
            f"no hour from {periods.score_from:%Y-%m-%d} until {periods.score_until:%Y-%m-%d} can be forecast"
        )
    return [
        score("persistence", [hours[time - periods.horizon] - hours[time] for time in scored]),
        score("climatology", [climatology[time.hour] - hours[time] for time in scored]),
    ]


def score(method: str, errors: list[float]) -> Score:
    mae = math.fsum(abs(error) for error in errors) / len(errors)
    rmse = math.sqrt(math.fsum(error * error for error in errors) / len(errors))
    return Score(method, len(errors), mae, rmse)


def day_start(name: str, text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time())
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it must be a date such as 2024-01-01") from None

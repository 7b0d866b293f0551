"""A forecast with its spread: the mean of each hour of the day, and deviations from it that fade (AR(1)), both fitted on
days that are drawn anew for each path."""

import math
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from hourly import Hour



class Settings(NamedTuple):
    hours: int
    draws: int
    seed: int
    ramp_megawatts: float
    ramp_hours: int


class Fit(NamedTuple):
    # Megawatts by hour of the day.
    means: list[float]
    # How much of a deviation is left an hour later.
    persistence: float
    # Of what is not explained.
    spread: float


def forecast(hours: list[Hour], settings: Settings, tell: Callable[[int], None]) -> dict[str, Any]:
    """Raises ValueError when there are not two days, or a setting makes no sense."""
    if settings.hours < 1 or settings.draws < 2:
        raise ValueError("`hours` must be at least 1, and `draws` at least 2")
    days = by_day(hours)
    if len(days) < 2:
        raise ValueError(f"{len(days)} days are too few to forecast from")
    chance = random.Random(settings.seed)
    paths = []
    for draw in range(settings.draws):
        fit = fitted(chance.choices(days, k=len(days)))
        paths.append(path(fit, hours[-1], settings.hours, chance))
        if draw % 50 == 0:
            tell(100 * draw // settings.draws)
    ramps = sum(has_ramp(each, settings.ramp_megawatts, settings.ramp_hours) for each in paths)
    coming = [summary(hours[-1], ahead, sorted(each[ahead] for each in paths)) for ahead in range(settings.hours)]
    peak = max(coming, key=lambda hour: hour["expected"])
    return {
        "hours": settings.hours,
        "draws": settings.draws,
        "mean_megawatts": math.fsum(hour["expected"] for hour in coming) / len(coming),
        "peak_megawatts": peak["expected"],
        "peak_at": peak["time"],
        "ramp_probability": ramps / settings.draws,
        "forecast": coming,
    }


def by_day(hours: list[Hour]) -> list[list[Hour]]:
    days: defaultdict[date, list[Hour]] = defaultdict(list)
    for hour in hours:
        days[hour.start.date()].append(hour)
    return list(days.values())


def fitted(days: list[list[Hour]]) -> Fit:
    sums, counts = [0.0] * 24, [0] * 24
    for day in days:
        for hour in day:
            sums[hour.start.hour] += hour.megawatts
            counts[hour.start.hour] += 1
    overall = sum(sums) / sum(counts)
    means = [total / count if count else overall for total, count in zip(sums, counts)]
    product = square = 0.0
    pairs: list[tuple[float, float]] = []
    for day in days:
        off = [hour.megawatts - means[hour.start.hour] for hour in day]
        for before, after in zip(off, off[1:]):
            product += before * after
            square += before * before
            pairs.append((before, after))
    persistence = min(0.99, max(0.0, product / square)) if square else 0.0
    rest = sum((after - persistence * before) ** 2 for before, after in pairs)
    return Fit(means, persistence, math.sqrt(rest / max(1, len(pairs))))


def path(fit: Fit, last: Hour, hours: int, chance: random.Random) -> list[float]:
    off = last.megawatts - fit.means[last.start.hour]
    values = []
    for ahead in range(1, hours + 1):
        off = fit.persistence * off + chance.gauss(0.0, fit.spread)
        values.append(max(0.0, fit.means[(last.start.hour + ahead) % 24] + off))
    return values


def has_ramp(values: list[float], more_than: float, within: int) -> bool:
    return any(
        abs(values[end] - values[begin]) > more_than
        for end in range(1, len(values))
        for begin in range(max(0, end - within), end)
    )


def summary(last: Hour, ahead: int, values: list[float]) -> dict[str, Any]:
    def quantile(share: float) -> float:
        return values[min(len(values) - 1, int(share * len(values)))]

    time = last.start + timedelta(hours=ahead + 1)
    return {
        "time": time.isoformat(),
        "low": quantile(0.1),
        "expected": math.fsum(values) / len(values),
        "high": quantile(0.9),
    }

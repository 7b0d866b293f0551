"""The report as a picture: daily means with the ramps below them, and the scores beside. Plain SVG text."""

import math
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple
from xml.sax.saxutils import escape

from report import Ramp, Report, Score

WIDTH, HEIGHT = 960, 400
BLUE, GREEN, RED, GREY, INK = "#1f6fb4", "#2a8f5a", "#c4442e", "#d8dde3", "#2b333b"


class Area(NamedTuple):
    """Where a chart lies, and the largest value that it shows."""

    left: float
    top: float
    width: float
    height: float
    largest: float

    def x(self, share: float) -> float:
        return self.left + share * self.width

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - value / self.largest)


def svg(report: Report) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            text(60, 28, report.title, "start", 16),
            *daily_means(report),
            *score_bars(report.scores),
            "</svg>",
            "",
        ]
    )


def daily_means(report: Report) -> Iterator[str]:
    days = report.days
    area = Area(60, 60, 600, 260, round_up(max(day.mean_megawatts for day in days)))
    first, span = days[0].date, max((days[-1].date - days[0].date).days, 1)

    def at(day: date) -> float:
        return area.x((day - first).days / span)

    yield text(area.left, 50, "daily mean, MW")
    yield from grid(area)
    for day in days:
        if day.date.day == 1:
            yield text(at(day.date), area.top + area.height + 34, f"{day.date:%d %b}", "middle")
    for ramp in report.ramps:
        yield mark(at(date.fromisoformat(ramp.start[:10])), area.top + area.height, ramp)
    points = " ".join(f"{at(day.date):.1f},{area.y(day.mean_megawatts):.1f}" for day in days)
    yield f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="1.5"/>'
    below = area.top + area.height + 58
    yield text(area.left, below, f"ramps: up green, down red; {days[0].date} to {days[-1].date}")


def mark(x: float, base: float, ramp: Ramp) -> str:
    colour = GREEN if ramp.change_megawatts > 0 else RED
    title = f"<title>{escape(ramp.start)}: {ramp.change_megawatts:+.0f} MW</title>"
    return f'<rect x="{x:.1f}" y="{base + 4:.1f}" width="2" height="12" fill="{colour}">{title}</rect>'


def score_bars(scores: list[Score]) -> Iterator[str]:
    if not scores:
        return
    area = Area(730, 60, 200, 260, round_up(max(score.rmse_megawatts for score in scores)))
    yield text(area.left, 50, "error of forecasts, MW")
    yield from grid(area)
    slot = area.width / len(scores)
    for index, score in enumerate(scores):
        middle = area.left + slot * (index + 0.5)
        for x, value, colour, name in [
            (middle - 32, score.mae_megawatts, BLUE, "MAE"),
            (middle + 4, score.rmse_megawatts, INK, "RMSE"),
        ]:
            top = area.y(value)
            height = area.top + area.height - top
            yield f'<rect x="{x:.1f}" y="{top:.1f}" width="28" height="{height:.1f}" fill="{colour}"/>'
            yield text(x + 14, top - 4, f"{value:.0f}", "middle", 10)
            yield text(x + 14, area.top + area.height + 14, name, "middle", 9)
        yield text(middle, area.top + area.height + 34, score.method, "middle")


def grid(area: Area) -> Iterator[str]:
    for quarter in range(5):
        value = area.largest * quarter / 4
        y = area.y(value)
        yield f'<path d="M{area.left} {y:.1f}h{area.width}" stroke="{GREY}"/>'
        yield text(area.left - 6, y + 4, f"{value:g}", "end", 10)


def round_up(value: float) -> float:
    """To a number of which also a quarter is short."""
    unit = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(times * unit for times in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if value <= times * unit)


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}">'
        f"{escape(words)}</text>"
    )

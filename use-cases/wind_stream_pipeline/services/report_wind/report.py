"""The report as a page of Markdown."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple


class Day(NamedTuple):
    date: date
    mean_megawatts: float
    readings: int


class Ramp(NamedTuple):
    start: str
    end: str
    change_megawatts: float


class Score(NamedTuple):
    method: str
    hours: int
    mae_megawatts: float
    rmse_megawatts: float


class Report(NamedTuple):
    title: str
    # At least one.
    days: list[Day]
    ramps: list[Ramp]
    scores: list[Score]
    # Rows by what became of them, in the order to show them in.
    cleaning: dict[str, int]


LARGEST_RAMPS = 10


def markdown(report: Report, plot_name: str) -> str:
    return "\n".join(lines(report, plot_name)) + "\n"


def lines(report: Report, plot_name: str) -> Iterator[str]:
    first, last = report.days[0], report.days[-1]
    yield f"# {report.title}"
    yield ""
    yield (
        f"{len(report.days)} days from {first.date} to {last.date}, "
        f"mean {mean_megawatts(report.days):.1f} MW."
    )
    yield ""
    yield f"![Daily means, ramps and scores]({plot_name})"
    yield ""
    yield "## Rows"
    yield ""
    rows = [[name.replace("_", " "), f"{number:,}"] for name, number in report.cleaning.items()]
    yield from table(["rows", "number"], rows)
    yield ""
    yield "## Days"
    yield ""
    calmest, windiest = extremes(report.days)
    days = [
        [name, f"{day.date}", f"{day.mean_megawatts:.1f}"]
        for name, day in [("calmest", calmest), ("windiest", windiest)]
    ]
    yield from table(["day", "date", "mean MW"], days)
    yield ""
    yield "## Forecasts"
    yield ""
    scores = [
        [score.method, f"{score.hours:,}", f"{score.mae_megawatts:.1f}", f"{score.rmse_megawatts:.1f}"]
        for score in report.scores
    ]
    yield from table(["method", "hours", "MAE MW", "RMSE MW"], scores)
    yield ""
    yield "## Ramps"
    yield ""
    largest = sorted(report.ramps, key=lambda ramp: -abs(ramp.change_megawatts))[:LARGEST_RAMPS]
    if not report.ramps:
        yield "No ramp."
        return
    yield f"{len(report.ramps)} in all; the largest:"
    yield ""
    ramps = [[ramp.start, ramp.end, f"{ramp.change_megawatts:+.0f}"] for ramp in largest]
    yield from table(["from", "to", "change MW"], ramps)


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    if rows:
        for cells in [head, ["---"] * len(head), *rows]:
            yield f"| {' | '.join(cells)} |"


def mean_megawatts(days: list[Day]) -> float:
    """Of all readings: a day with few of them counts for less."""
    return sum(day.mean_megawatts * day.readings for day in days) / sum(day.readings for day in days)


def extremes(days: list[Day]) -> tuple[Day, Day]:
    """The calmest and the windiest; of equal ones the first."""
    return min(days, key=lambda day: day.mean_megawatts), max(days, key=lambda day: day.mean_megawatts)

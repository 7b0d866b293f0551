"""Writes sample.csv: three weeks of made-up wind generation around the end of September 2024, with the faults of the
operator's own files.

Each file of the operator covers a period and runs a little past its end, up to 21:45 of the next day, where the next
file starts again at midnight: timestamps repeat and step back. Four rows have no value, and two have changed places.

    python make_sample.py
"""

import math
from datetime import datetime, timedelta
from pathlib import Path

QUARTER = timedelta(minutes=15)
ROWS_PER_DAY = 96
# From midnight to 21:45.
OVERLAP = 88
NO_VALUE = {datetime(2024, 9, 25, 1, 0) + QUARTER * index for index in range(4)}
CHANGED_PLACES = 3 * ROWS_PER_DAY


def megawatts(time: datetime) -> float:
    """Weather that passes in five days or so, a breeze of the afternoon, two fronts, and a ripple."""
    hours = (time - datetime(2024, 9, 20)) / timedelta(hours=1)
    weather = 1100 * math.sin(hours / 19) + 500 * math.sin(hours / 7.3 + 1)
    afternoon = 250 * math.sin((time.hour - 9) / 24 * 2 * math.pi)
    fronts = 700 * (math.tanh(hours - 200) - math.tanh(hours - 330))
    ripple = 40 * math.sin(hours * 2.3)
    return float(max(0, round(1700 + weather + afternoon + fronts + ripple)))


def row(time: datetime) -> str:
    value = "" if time in NO_VALUE else f"{megawatts(time):.1f}"
    return f"{time:%d-%b-%Y %H:%M:%S},WIND_ACTUAL,ALL,{value}\n"


def times(first: datetime, days: int) -> list[datetime]:
    return [first + QUARTER * index for index in range(days * ROWS_PER_DAY + OVERLAP)]


def sample() -> str:
    rows = times(datetime(2024, 9, 20), 11) + times(datetime(2024, 10, 1), 10)
    here, next_one = CHANGED_PLACES, CHANGED_PLACES + 1
    rows[here], rows[next_one] = rows[next_one], rows[here]
    return "".join(row(time) for time in rows)


if __name__ == "__main__":
    Path(__file__).with_name("sample.csv").write_text(sample(), encoding="utf-8")

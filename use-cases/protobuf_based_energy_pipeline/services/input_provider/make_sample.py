"""Writes sample.csv: two days of made-up wind generation, with the faults of the operator's own files.

Each file of the operator covers a period and runs a little past its end, where the next one starts again at
midnight: timestamps repeat and step back. Where the clocks change, rows have no value. The sample has the same
in small: 196 rows, 2 without a value, 4 repeated timestamps, 1 step back.

    python make_sample.py
"""

import math
from datetime import datetime, timedelta
from pathlib import Path

QUARTER = timedelta(minutes=15)
ROWS_PER_DAY = 96
OVERLAP = 4
CLOCK_CHANGE = {datetime(2024, 3, 31, 1, 0), datetime(2024, 3, 31, 1, 15)}


def megawatts(time: datetime) -> float:
    """A breeze that rises and falls twice a day, with a ripple."""
    hours = (time - datetime(2024, 3, 30)) / timedelta(hours=1)
    wave = 1400 + 900 * math.sin(hours / 24 * 4 * math.pi) + 120 * math.sin(hours * 2.3)
    return float(round(wave))


def row(time: datetime) -> str:
    value = "" if time in CLOCK_CHANGE else f"{megawatts(time):.1f}"
    return f"{time:%d-%b-%Y %H:%M:%S},WIND_ACTUAL,ALL,{value}\n"


def main() -> None:
    saturday, sunday = datetime(2024, 3, 30), datetime(2024, 3, 31)
    first_file = [saturday + QUARTER * index for index in range(ROWS_PER_DAY + OVERLAP)]
    second_file = [sunday + QUARTER * index for index in range(ROWS_PER_DAY)]
    sample = Path(__file__).with_name("sample.csv")
    sample.write_text("".join(row(time) for time in first_file + second_file), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Measurements as the grid operator hands them out: rows without a header, with all their faults."""

import csv
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hourly import Hour

TIMESTAMP_FORMAT = "%d-%b-%Y %H:%M:%S"

Row = tuple[datetime, float | None]


def read_rows(path: Path) -> Iterator[Row]:
    """Raises ValueError, with the line, at a row that cannot be read, and OSError when the file cannot be."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        try:
            for fields in lines:
                yield row(fields)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"line {lines.line_num} of {path.name}: {error}") from error


def row(fields: list[str]) -> Row:
    if len(fields) != 4:
        raise ValueError(f"expected timestamp, series, region, megawatts; found {len(fields)} values")
    value = float(fields[3]) if fields[3].strip() else None
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{fields[3]!r} is not a finite number")
    return datetime.strptime(fields[0].strip(), TIMESTAMP_FORMAT), value


def hourly_means(rows: list[Row]) -> tuple[list[Hour], dict[str, int]]:
    """The mean of each hour that has a value, in order; of rows that repeat, the first counts."""
    seen: set[datetime] = set()
    hours: defaultdict[datetime, list[float]] = defaultdict(list)
    without_value = repeated = 0
    for time, megawatts in rows:
        if megawatts is None:
            without_value += 1
        elif time in seen:
            repeated += 1
        else:
            seen.add(time)
            hours[time.replace(minute=0, second=0)].append(megawatts)
    means = [Hour(start, math.fsum(values) / len(values)) for start, values in sorted(hours.items())]
    return means, {"rows": len(rows), "without_value": without_value, "repeated": repeated}


def checksum(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()

"""Measurements as the grid operator hands them out: rows without a header, with all their faults."""

import csv
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class Row(NamedTuple):
    timestamp: str
    series: str
    region: str
    # None where the row has no value.
    megawatts: float | None


def read_rows(path: Path) -> Iterator[Row]:
    """Raises ValueError, with the line, at a row that cannot be read, and OSError when the file cannot be."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        try:
            for fields in lines:
                yield row(fields)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"line {lines.line_num} of {path.name}: {error}") from error


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def row(fields: list[str]) -> Row:
    if len(fields) != 4:
        raise ValueError(f"expected timestamp, series, region, megawatts; found {len(fields)} values")
    timestamp, series, region, value = (field.strip() for field in fields)
    return Row(timestamp, series, region, finite_number(value) if value else None)


def finite_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value

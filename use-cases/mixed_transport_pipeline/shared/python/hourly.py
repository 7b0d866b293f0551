"""What all services of this use case share: hourly means in a file, and where the data folder is."""

import csv
import os
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))
HEADER = ["hour", "megawatts"]


class Hour(NamedTuple):
    start: datetime
    megawatts: float


def located(name: str) -> Path:
    """The file that `data/…` means; any other path is taken as it is."""
    return DATA_DIR / name.removeprefix("data/") if name.startswith("data/") else Path(name)


def write_hours(path: Path, hours: list[Hour]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HEADER)
        rows.writerows((hour.start.isoformat(), round(hour.megawatts, 3)) for hour in hours)


def read_hours(path: Path) -> list[Hour]:
    """Raises ValueError for a file that is none of ours, and OSError when it cannot be read."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        if next(rows, None) != HEADER:
            raise ValueError(f"{path.name} has no header {','.join(HEADER)}")
        return [Hour(datetime.fromisoformat(start), float(value)) for start, value in rows]

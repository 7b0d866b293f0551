"""Wind reader: measurements as the grid operator hands them out become hourly means in a file."""

from pathlib import Path

from control import create_app
from hourly import located, write_hours
from measurements import checksum, hourly_means, read_rows

SAMPLE = Path(__file__).with_name("sample.csv")
HOURLY = "data/wind_hourly.csv"


def read_wind(inputs, parameters, tell):
    name = parameters.get("csv_path") or ""
    path = located(name) if name else SAMPLE
    rows = list(read_rows(path))
    hours, counts = hourly_means(rows)
    if not hours:
        raise ValueError(f"{path.name} has no measurement")
    target = located(HOURLY)
    write_hours(target, hours)
    return {
        "protocol": "file",
        "uri": HOURLY,
        "format": "HourlyWind",
        "size_bytes": target.stat().st_size,
        "checksum": checksum(target),
        "metadata": {
            "hours": len(hours),
            "first": hours[0].start.isoformat(),
            "last": hours[-1].start.isoformat(),
            **counts,
        },
    }


app = create_app("Wind reader", at_once={"ReadWind": read_wind}, in_background={})

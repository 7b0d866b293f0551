"""The scores of the two forecasts, once more and by another way: the whole file at once, no service, no stream.

    python3 check_scores.py services/load_wind/sample.csv
    python3 check_scores.py FILE --horizon-hours 24 --score-from 2024-10-01

Prints JSON: for each method the number of hours, the mean absolute error and the root of the mean squared error.
"""

import argparse
import json
import statistics
import sys
from datetime import datetime, timedelta


def quarter_hours(path: str) -> dict[datetime, float]:
    """The first value of each timestamp that has one."""
    values: dict[datetime, float] = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            timestamp, _, _, value = line.rstrip("\r\n").split(",")
            if value:
                values.setdefault(datetime.strptime(timestamp, "%d-%b-%Y %H:%M:%S"), float(value))
    return values


def hourly(values: dict[datetime, float]) -> dict[datetime, float]:
    hours: dict[datetime, list[float]] = {}
    for time, value in values.items():
        hours.setdefault(time.replace(minute=0), []).append(value)
    return {hour: statistics.fmean(found) for hour, found in hours.items()}


def score(pairs: list[tuple[float, float]]) -> dict[str, float]:
    off = [abs(forecast - actual) for forecast, actual in pairs]
    rmse = statistics.fmean(error**2 for error in off) ** 0.5
    return {"hours": len(off), "mae_megawatts": statistics.fmean(off), "rmse_megawatts": rmse}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("csv")
    arguments.add_argument("--horizon-hours", type=int, default=24)
    arguments.add_argument("--fit-from", type=datetime.fromisoformat, default="2024-01-01")
    arguments.add_argument("--score-from", type=datetime.fromisoformat, default="2024-10-01")
    arguments.add_argument("--score-until", type=datetime.fromisoformat, default="2025-01-01")
    asked = arguments.parse_args()

    hours = {time: mean for time, mean in hourly(quarter_hours(asked.csv)).items()
             if asked.fit_from <= time < asked.score_until}
    typical = {
        hour: statistics.fmean(mean for time, mean in hours.items() if time.hour == hour and time < asked.score_from)
        for hour in {time.hour for time in hours if time < asked.score_from}
    }
    horizon = timedelta(hours=asked.horizon_hours)
    scored = [time for time in hours
              if time >= asked.score_from and time - horizon in hours and time.hour in typical]
    if not scored:
        sys.exit("no hour can be scored")
    json.dump({
        "persistence": score([(hours[time - horizon], hours[time]) for time in scored]),
        "climatology": score([(typical[time.hour], hours[time]) for time in scored]),
    }, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()

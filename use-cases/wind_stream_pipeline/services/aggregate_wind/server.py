"""Aggregate wind: means per hour and per day."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import aggregate_wind_pb2
import aggregate_wind_pb2_grpc
import wind_pb2
from means import DayMeans, Days
from serving import refusing, serve


class AggregateWind(aggregate_wind_pb2_grpc.AggregateWindServiceServicer):
    @refusing
    def AggregateWind(self, requests, context) -> Iterator[aggregate_wind_pb2.AggregateWindResponse]:
        for day in days(requests):
            yield aggregate_wind_pb2.AggregateWindResponse(day=message(day))


def days(requests: Iterable[aggregate_wind_pb2.AggregateWindRequest]) -> Iterator[DayMeans]:
    collected = Days()
    for request in requests:
        for reading in request.readings:
            yield from collected.take(datetime.fromisoformat(reading.time), reading.megawatts)
    yield from collected.rest()


def message(day: DayMeans) -> wind_pb2.DayMeans:
    return wind_pb2.DayMeans(
        date=day.date.isoformat(),
        mean_megawatts=day.mean_megawatts,
        readings=day.readings,
        hours=[wind_pb2.HourMean(**hour._asdict()) for hour in day.hours],
    )


if __name__ == "__main__":
    serve(
        "aggregate_wind",
        lambda server: aggregate_wind_pb2_grpc.add_AggregateWindServiceServicer_to_server(
            AggregateWind(), server
        ),
    )

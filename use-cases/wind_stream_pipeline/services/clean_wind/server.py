"""Clean wind: makes readings of rows, and counts what was wrong with them."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

import clean_wind_pb2
import clean_wind_pb2_grpc
import wind_pb2
from cleaning import Cleaner, Cleaning, Reading
from serving import refusing, serve


class CleanWind(clean_wind_pb2_grpc.CleanWindServiceServicer):
    @refusing
    def CleanWind(self, requests, context) -> Iterator[clean_wind_pb2.CleanWindResponse]:
        cleaner = None
        for request in requests:
            cleaner = cleaner or Cleaner(request.period_from, request.period_until, request.look_back_hours)
            for row in request.rows:
                megawatts = row.megawatts if row.HasField("megawatts") else None
                cleaner.take(row.timestamp, row.series, row.region, megawatts)
            yield batch(cleaner.ready(), cleaner.counts())
        if cleaner:
            yield batch(cleaner.rest(), cleaner.counts())

    def CountRows(self, requests, context) -> clean_wind_pb2.CountRowsResponse:
        total = Cleaning()
        for request in requests:
            for field in fields(Cleaning):
                counted = getattr(total, field.name) + getattr(request.cleaning, field.name)
                setattr(total, field.name, counted)
        return clean_wind_pb2.CountRowsResponse(
            success=total.rows_kept > 0,
            message=f"{total.rows_kept} of {total.rows_read} rows kept",
            cleaning=wind_pb2.Cleaning(**asdict(total)),
        )


def batch(readings: Iterable[Reading], counts: Cleaning) -> clean_wind_pb2.CleanWindResponse:
    return clean_wind_pb2.CleanWindResponse(
        readings=[
            wind_pb2.Reading(time=reading.time.isoformat(timespec="minutes"), megawatts=reading.megawatts)
            for reading in readings
        ],
        cleaning=wind_pb2.Cleaning(**asdict(counts)),
    )


if __name__ == "__main__":
    serve(
        "clean_wind",
        lambda server: clean_wind_pb2_grpc.add_CleanWindServiceServicer_to_server(CleanWind(), server),
    )

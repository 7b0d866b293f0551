"""Detect ramps: the times at which generation rose or fell fast."""

from collections.abc import Iterable
from datetime import datetime

import detect_ramps_pb2
import detect_ramps_pb2_grpc
import wind_pb2
from ramps import Ramp, Ramps, Reading
from serving import serve


class DetectRamps(detect_ramps_pb2_grpc.DetectRampsServiceServicer):
    def DetectRamps(self, requests, context) -> detect_ramps_pb2.DetectRampsResponse:
        try:
            ramps = detect(requests)
        except ValueError as error:
            return detect_ramps_pb2.DetectRampsResponse(success=False, message=str(error))
        return detect_ramps_pb2.DetectRampsResponse(
            success=True, message=f"{len(ramps)} ramps", ramps=map(message, ramps)
        )


def detect(requests: Iterable[detect_ramps_pb2.DetectRampsRequest]) -> list[Ramp]:
    ramps = None
    for request in requests:
        ramps = ramps or Ramps(request.more_than_megawatts, request.within_hours)
        for reading in request.readings:
            ramps.take(Reading(datetime.fromisoformat(reading.time), reading.megawatts))
    return ramps.found() if ramps else []


def message(ramp: Ramp) -> wind_pb2.Ramp:
    return wind_pb2.Ramp(
        start=ramp.start.time.isoformat(timespec="minutes"),
        end=ramp.end.time.isoformat(timespec="minutes"),
        start_megawatts=ramp.start.megawatts,
        end_megawatts=ramp.end.megawatts,
        change_megawatts=ramp.change,
    )


if __name__ == "__main__":
    serve(
        "detect_ramps",
        lambda server: detect_ramps_pb2_grpc.add_DetectRampsServiceServicer_to_server(DetectRamps(), server),
    )

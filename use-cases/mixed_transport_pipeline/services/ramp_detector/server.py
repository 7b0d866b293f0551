"""Ramp detector: finds large changes in a file of hourly means."""

import logging
import os
import signal
from concurrent import futures

import grpc

import ramp_detector_pb2
import ramp_detector_pb2_grpc
from hourly import located, read_hours
from ramps import find_ramps

log = logging.getLogger("ramp_detector")


class RampDetector(ramp_detector_pb2_grpc.RampDetectorServiceServicer):
    def DetectRamps(self, request, context) -> ramp_detector_pb2.DetectRampsResponse:
        try:
            hours = read_hours(located(request.input_path))
        except (OSError, ValueError) as error:
            log.warning("%s", error)
            return ramp_detector_pb2.DetectRampsResponse(success=False, message=str(error))
        ramps = find_ramps(hours, request.more_than_megawatts, request.within_hours)
        return ramp_detector_pb2.DetectRampsResponse(
            success=True,
            message=f"{len(ramps)} ramps in {len(hours)} hours",
            ramps=[
                ramp_detector_pb2.Ramp(
                    begin=ramp.begin.start.isoformat(),
                    end=ramp.end.start.isoformat(),
                    change_megawatts=ramp.change,
                )
                for ramp in ramps
            ],
            more_than_megawatts=request.more_than_megawatts,
            within_hours=request.within_hours,
        )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    port = os.environ.get("GRPC_PORT", "50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    ramp_detector_pb2_grpc.add_RampDetectorServiceServicer_to_server(RampDetector(), server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    log.info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    main()

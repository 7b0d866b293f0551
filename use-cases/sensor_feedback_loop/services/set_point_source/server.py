"""Set point source: a sensor that is read again and again until it has nothing more to say."""

import os
from threading import Event

import grpc

import set_point_source_pb2
import set_point_source_pb2_grpc
from readings import Readings
from serving import serve

PERIOD_SECONDS = float(os.environ.get("PERIOD_MS", "500")) / 1000


class SetPointSource(set_point_source_pb2_grpc.SetPointSourceServiceServicer):
    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def ReadSetPoint(self, request, context) -> set_point_source_pb2.SetPoint:
        run = dict(context.invocation_metadata()).get("aieffect-run-id", "")
        reading = self._readings.next(run)
        if reading is None:
            # Means the end of the data, not a failure.
            context.abort(grpc.StatusCode.OUT_OF_RANGE, "no more set points")
        index, degrees = reading
        if index > 0:
            wait_while_called(context, PERIOD_SECONDS)
        return set_point_source_pb2.SetPoint(set_point_c=degrees)


def wait_while_called(context: grpc.ServicerContext, seconds: float) -> None:
    ended = Event()
    # Not added when the call has ended already.
    if context.add_callback(ended.set):
        ended.wait(seconds)


def main() -> None:
    source = SetPointSource(Readings(os.environ.get("SET_POINTS_C", "20 21.5 18 21")))
    serve(
        "set_point_source",
        lambda server: set_point_source_pb2_grpc.add_SetPointSourceServiceServicer_to_server(source, server),
    )


if __name__ == "__main__":
    main()

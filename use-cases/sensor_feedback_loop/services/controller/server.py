"""Controller: one half of the loop. Set points and temperatures in, heat out."""

from collections.abc import Iterator

import grpc

import controller_pb2
import controller_pb2_grpc
from regulator import Regulator, Settings
from serving import serve


class Controller(controller_pb2_grpc.ControllerServiceServicer):
    def Control(self, requests, context) -> Iterator[controller_pb2.HeatCommand]:
        regulator = None
        for request in requests:
            try:
                regulator = regulator or Regulator(settings(request).checked())
            except ValueError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            for heat in commands(regulator, request):
                if heat is not None:
                    yield controller_pb2.HeatCommand(heat_kw=heat)


def settings(request: controller_pb2.ControlRequest) -> Settings:
    return Settings(**{name: getattr(request, name) for name in Settings._fields})


def commands(regulator: Regulator, request: controller_pb2.ControlRequest) -> Iterator[float | None]:
    if request.HasField("set_point_c"):
        yield regulator.on_set_point(request.set_point_c)
    if request.HasField("temperature_c"):
        yield regulator.on_temperature(request.temperature_c)


if __name__ == "__main__":
    serve(
        "controller",
        lambda server: controller_pb2_grpc.add_ControllerServiceServicer_to_server(Controller(), server),
    )

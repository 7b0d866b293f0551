"""Forecast report: the forecast and the ramps as a page."""

import logging
import os
import signal
from concurrent import futures

import grpc

import forecast_report_pb2
import forecast_report_pb2_grpc
from hourly import located
from report import markdown

PAGE = "data/wind_forecast.md"

log = logging.getLogger("forecast_report")


class ForecastReport(forecast_report_pb2_grpc.ForecastReportServiceServicer):
    def WriteReport(self, request, context) -> forecast_report_pb2.WriteReportResponse:
        if not request.forecast:
            return forecast_report_pb2.WriteReportResponse(success=False, message="no hour to report on")
        try:
            located(PAGE).write_text(markdown(request), encoding="utf-8")
        except OSError as error:
            return forecast_report_pb2.WriteReportResponse(success=False, message=str(error))
        return forecast_report_pb2.WriteReportResponse(
            success=True,
            message=f"report of {len(request.forecast)} hours written",
            report_path=PAGE,
            hours=request.hours,
            peak_megawatts=request.peak_megawatts,
            ramp_probability=request.ramp_probability,
        )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    port = os.environ.get("GRPC_PORT", "50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    forecast_report_pb2_grpc.add_ForecastReportServiceServicer_to_server(ForecastReport(), server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    log.info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    main()

"""Report generator: puts an analysis into words, and its figures where a program finds them."""

import logging
import os
import signal
from collections.abc import Iterator
from concurrent import futures

import grpc

import common_pb2
import report_generator_pb2
import report_generator_pb2_grpc

MAX_MESSAGE_BYTES = 256 * 1024 * 1024

log = logging.getLogger("report_generator")


def report_lines(title: str, analysis: common_pb2.Analysis) -> Iterator[str]:
    yield title
    yield (
        f"{analysis.rows:,} rows, {analysis.rows_without_value} without a value, "
        f"{analysis.repeated_timestamps} timestamps more than once, "
        f"{analysis.out_of_order_rows} out of order"
    )
    if analysis.HasField("mean_megawatts"):
        yield (
            f"{analysis.min_megawatts:.1f} to {analysis.max_megawatts:.1f} MW, "
            f"mean {analysis.mean_megawatts:.1f} MW"
        )
    for month in analysis.months:
        mean = f"mean {month.mean_megawatts:.1f} MW" if month.HasField("mean_megawatts") else "no value"
        yield f"{month.month}: {month.rows:,} rows, {mean}"


def megawatts(analysis: common_pb2.Analysis) -> dict[str, float]:
    if not analysis.HasField("mean_megawatts"):
        return {}
    return {
        "min": analysis.min_megawatts,
        "mean": analysis.mean_megawatts,
        "max": analysis.max_megawatts,
    }


class ReportGenerator(report_generator_pb2_grpc.ReportGeneratorServiceServicer):
    def GenerateReport(
        self, request: report_generator_pb2.GenerateReportRequest, context: grpc.ServicerContext
    ) -> report_generator_pb2.GenerateReportResponse:
        if not request.HasField("analysis"):
            return report_generator_pb2.GenerateReportResponse(success=False, message="no analysis to report on")
        analysis = request.analysis
        return report_generator_pb2.GenerateReportResponse(
            success=True,
            message="report written",
            report_text="\n".join(report_lines(request.title, analysis)),
            rows=analysis.rows,
            rows_without_value=analysis.rows_without_value,
            repeated_timestamps=analysis.repeated_timestamps,
            out_of_order_rows=analysis.out_of_order_rows,
            megawatts=megawatts(analysis),
        )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    port = os.environ.get("GRPC_PORT", "50051")
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        options=[
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    report_generator_pb2_grpc.add_ReportGeneratorServiceServicer_to_server(ReportGenerator(), server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    log.info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    main()

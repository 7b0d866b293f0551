"""Data analyzer: sums measurements up and counts what is wrong with them."""

import logging
import math
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent import futures
from datetime import datetime

import grpc

import common_pb2
import data_analyzer_pb2
import data_analyzer_pb2_grpc

TIMESTAMP_FORMAT = "%d-%b-%Y %H:%M:%S"
MAX_MESSAGE_BYTES = 256 * 1024 * 1024

log = logging.getLogger("data_analyzer")


def analyze(records: Iterable[common_pb2.Measurement]) -> common_pb2.Analysis:
    """Raises ValueError with the row's number when a timestamp cannot be read."""
    rows_by_region: Counter[str] = Counter()
    rows_by_month: Counter[str] = Counter()
    rows_by_time: Counter[tuple[str, str, datetime]] = Counter()
    values_by_month: defaultdict[str, list[float]] = defaultdict(list)
    previous: dict[tuple[str, str], datetime] = {}
    out_of_order_rows = 0

    for number, record in enumerate(records, start=1):
        try:
            time = datetime.strptime(record.timestamp, TIMESTAMP_FORMAT)
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from error
        key = (record.series, record.region)
        month = f"{time:%Y-%m}"
        rows_by_region[record.region] += 1
        rows_by_month[month] += 1
        rows_by_time[(*key, time)] += 1
        out_of_order_rows += key in previous and time < previous[key]
        previous[key] = time
        if record.HasField("megawatts"):
            values_by_month[month].append(record.megawatts)

    values = [value for month in values_by_month.values() for value in month]
    rows = rows_by_month.total()
    return common_pb2.Analysis(
        rows=rows,
        rows_without_value=rows - len(values),
        repeated_timestamps=sum(count > 1 for count in rows_by_time.values()),
        out_of_order_rows=out_of_order_rows,
        min_megawatts=min(values, default=None),
        mean_megawatts=mean(values),
        max_megawatts=max(values, default=None),
        rows_by_region=rows_by_region,
        months=[
            common_pb2.MonthSummary(
                month=month,
                rows=rows_by_month[month],
                mean_megawatts=mean(values_by_month[month]),
            )
            for month in sorted(rows_by_month)
        ],
    )


def mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


class DataAnalyzer(data_analyzer_pb2_grpc.DataAnalyzerServiceServicer):
    def AnalyzeData(
        self, request: data_analyzer_pb2.AnalyzeDataRequest, context: grpc.ServicerContext
    ) -> data_analyzer_pb2.AnalyzeDataResponse:
        if not request.records:
            return data_analyzer_pb2.AnalyzeDataResponse(success=False, message="no records to analyze")
        try:
            analysis = analyze(request.records)
        except ValueError as error:
            log.warning("%s", error)
            return data_analyzer_pb2.AnalyzeDataResponse(success=False, message=str(error))
        return data_analyzer_pb2.AnalyzeDataResponse(
            success=True, message=f"{analysis.rows} rows analyzed", analysis=analysis
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
    data_analyzer_pb2_grpc.add_DataAnalyzerServiceServicer_to_server(DataAnalyzer(), server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    log.info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    main()

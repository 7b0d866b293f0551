"""Input provider: reads measurements from a CSV file and hands them to the pipeline."""

import csv
import logging
import math
import os
import signal
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc

import common_pb2
import input_provider_pb2
import input_provider_pb2_grpc

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))
SAMPLE = Path(__file__).with_name("sample.csv")
MAX_MESSAGE_BYTES = 256 * 1024 * 1024

log = logging.getLogger("input_provider")


def resolve(csv_path: str) -> Path:
    """The file that a message means: `data/<file>` lies in the data folder, wherever that is."""
    if not csv_path:
        return SAMPLE
    path = Path(csv_path)
    if path.parts[:1] == ("data",):
        path = path.relative_to("data")
    return DATA_DIR / path


def read_measurements(path: Path) -> Iterator[common_pb2.Measurement]:
    """Rows of timestamp, series, region, megawatts, without a header. A missing value stays missing."""
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            try:
                yield measurement(row)
            except ValueError as error:
                raise ValueError(f"line {number} of {path}: {error}") from error


def measurement(row: list[str]) -> common_pb2.Measurement:
    if len(row) != 4:
        raise ValueError(f"expected timestamp, series, region, megawatts; found {len(row)} values")
    timestamp, series, region, value = (field.strip() for field in row)
    record = common_pb2.Measurement(timestamp=timestamp, series=series, region=region)
    if value:
        record.megawatts = finite_number(value)
    return record


def finite_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


class InputProvider(input_provider_pb2_grpc.InputProviderServiceServicer):
    def ProvideInput(
        self, request: input_provider_pb2.ProvideInputRequest, context: grpc.ServicerContext
    ) -> input_provider_pb2.ProvideInputResponse:
        path = resolve(request.csv_path)
        try:
            records = list(read_measurements(path))
        except OSError as error:
            return failure(f"cannot read {path}: {error.strerror}")
        except (ValueError, csv.Error) as error:
            return failure(str(error))
        return input_provider_pb2.ProvideInputResponse(
            success=True,
            message=f"{len(records)} rows read from {path.name}",
            rows_read=len(records),
            records=records,
        )


def failure(message: str) -> input_provider_pb2.ProvideInputResponse:
    log.warning("%s", message)
    return input_provider_pb2.ProvideInputResponse(success=False, message=message)


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
    input_provider_pb2_grpc.add_InputProviderServiceServicer_to_server(InputProvider(), server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    log.info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    main()

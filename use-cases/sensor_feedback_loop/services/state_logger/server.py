"""State logger: the end of the pipeline. It writes down what comes, and sums it up when nothing more does."""

import logging
import os
from datetime import datetime, timezone
from pathlib import Path

import state_logger_pb2
import state_logger_pb2_grpc
from record import Record
from serving import serve

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))
LOG = "room_log.csv"

log = logging.getLogger("state_logger")


class StateLogger(state_logger_pb2_grpc.StateLoggerServiceServicer):
    def LogStates(self, requests, context) -> state_logger_pb2.LogStatesResponse:
        try:
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            with (DATA_DIR / LOG).open("w", newline="", encoding="utf-8") as file:
                record = Record(file)
                for request in requests:
                    record.add({field.name: value for field, value in request.ListFields()})
        except OSError as error:
            message = f"cannot write {error.filename}: {error.strerror}"
            log.warning("%s", message)
            return state_logger_pb2.LogStatesResponse(success=False, message=message)
        summary = record.summary()
        return state_logger_pb2.LogStatesResponse(
            success=True, message=f"{summary['states']} states logged", log_path=f"data/{LOG}", **summary
        )

    def StampTime(self, request, context) -> state_logger_pb2.Stamp:
        now = datetime.now(timezone.utc)
        return state_logger_pb2.Stamp(stamped_at=f"{now:%Y-%m-%dT%H:%M:%SZ}")


if __name__ == "__main__":
    serve(
        "state_logger",
        lambda server: state_logger_pb2_grpc.add_StateLoggerServiceServicer_to_server(StateLogger(), server),
    )

"""Load wind: reads measurements from a CSV file and streams them."""

import os
from collections.abc import Iterator
from pathlib import Path

import load_wind_pb2
import load_wind_pb2_grpc
import wind_pb2
from measurements import Row, batches, read_rows
from serving import refusing, serve

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))
SAMPLE = Path(__file__).with_name("sample.csv")


def resolve(csv_path: str) -> Path:
    """The file that a message means: `data/<file>` lies in the data folder, wherever that is."""
    if not csv_path:
        return SAMPLE
    path = Path(csv_path)
    if path.parts[:1] == ("data",):
        path = path.relative_to("data")
    return DATA_DIR / path


def message(row: Row) -> wind_pb2.Row:
    return wind_pb2.Row(**row._asdict())


class LoadWind(load_wind_pb2_grpc.LoadWindServiceServicer):
    @refusing
    def LoadWind(self, request, context) -> Iterator[load_wind_pb2.LoadWindResponse]:
        if request.batch_rows < 1:
            raise ValueError(f"batch_rows is {request.batch_rows}; it must be 1 or more")
        path = resolve(request.csv_path)
        try:
            for batch in batches(read_rows(path), request.batch_rows):
                yield load_wind_pb2.LoadWindResponse(rows=map(message, batch))
        except OSError as error:
            raise ValueError(f"cannot read {path}: {error.strerror}") from error


if __name__ == "__main__":
    serve(
        "load_wind",
        lambda server: load_wind_pb2_grpc.add_LoadWindServiceServicer_to_server(LoadWind(), server),
    )

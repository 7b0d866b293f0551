"""The chain of the protobuf-based energy pipeline, called by hand: what its results are compared with.

    python plain_grpcio_chain.py INPUT_PROVIDER DATA_ANALYZER REPORT_GENERATOR [CSV]

The first three are addresses (`127.0.0.1:50051`). Prints one JSON object, step by step, in the form of the
orchestrator's results: proto field names, defaults included, fields with presence left out when unset, 64-bit
integers as numbers. Needs grpcio, grpcio-tools and protobuf.
"""

import argparse
import importlib
import json
import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import grpc
from google.protobuf.message import Message
from grpc_tools import protoc

REPOSITORY = Path(__file__).resolve().parents[4]
USE_CASE = REPOSITORY / "use-cases" / "protobuf_based_energy_pipeline"
SERVICES = ("input_provider", "data_analyzer", "report_generator")
LIMITS = [
    ("grpc.max_send_message_length", 256 * 1024 * 1024),
    ("grpc.max_receive_message_length", 256 * 1024 * 1024),
]
# The parameter of the last operation in connections.json.
TITLE = "Wind generation"
DEADLINE_SECONDS = 120


def compile_protos(out: Path) -> None:
    folders = [USE_CASE / "shared" / "proto"]
    folders += [USE_CASE / "services" / service / "proto" for service in SERVICES]
    arguments = ["protoc", f"--python_out={out}", f"--grpc_python_out={out}"]
    arguments += [f"-I{folder}" for folder in folders]
    arguments += ["common.proto", *(f"{service}.proto" for service in SERVICES)]
    if protoc.main(arguments) != 0:
        sys.exit("the protos of the use case do not compile")
    sys.path.insert(0, str(out))


def call_chain(addresses: list[str], csv_path: str) -> dict[str, Message]:
    provider, analyzer, reporter = (importlib.import_module(f"{name}_pb2") for name in SERVICES)
    provider_grpc, analyzer_grpc, reporter_grpc = (
        importlib.import_module(f"{name}_pb2_grpc") for name in SERVICES
    )
    with (
        grpc.insecure_channel(addresses[0], options=LIMITS) as to_provider,
        grpc.insecure_channel(addresses[1], options=LIMITS) as to_analyzer,
        grpc.insecure_channel(addresses[2], options=LIMITS) as to_reporter,
    ):
        provided = provider_grpc.InputProviderServiceStub(to_provider).ProvideInput(
            provider.ProvideInputRequest(csv_path=csv_path), timeout=DEADLINE_SECONDS
        )
        check("ProvideInput", provided)
        analyzed = analyzer_grpc.DataAnalyzerServiceStub(to_analyzer).AnalyzeData(
            analyzer.AnalyzeDataRequest(records=provided.records), timeout=DEADLINE_SECONDS
        )
        check("AnalyzeData", analyzed)
        reported = reporter_grpc.ReportGeneratorServiceStub(to_reporter).GenerateReport(
            reporter.GenerateReportRequest(title=TITLE, analysis=analyzed.analysis),
            timeout=DEADLINE_SECONDS,
        )
        check("GenerateReport", reported)
    return {
        "input_provider1:ProvideInput": provided,
        "data_analyzer1:AnalyzeData": analyzed,
        "report_generator1:GenerateReport": reported,
    }


def check(operation: str, response: Message) -> None:
    if not response.success:
        sys.exit(f"{operation}: {response.message}")


def plain(value):
    """A message, a map, a repeated field or a scalar, as JSON has it. The protos here have no bytes and no enums."""
    if isinstance(value, Message):
        return {
            field.name: plain(getattr(value, field.name))
            for field in value.DESCRIPTOR.fields
            if not field.has_presence or value.HasField(field.name)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (bool, int, float, str)):
        return value
    return [plain(item) for item in value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for service in SERVICES:
        parser.add_argument(service, help="address, host:port")
    parser.add_argument("csv", nargs="?", default="", help="measurements; without it, the provider's sample")
    arguments = parser.parse_args()
    addresses = [getattr(arguments, service) for service in SERVICES]

    with tempfile.TemporaryDirectory() as stubs:
        compile_protos(Path(stubs))
        results = call_chain(addresses, arguments.csv)
    json.dump({step: plain(response) for step, response in results.items()}, sys.stdout, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()

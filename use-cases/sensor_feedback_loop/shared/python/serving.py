"""What the Python services of this use case share: how they are served."""

import logging
import os
import signal
from collections.abc import Callable
from concurrent import futures

import grpc

# Each open stream holds a thread until it ends.
OPEN_CALLS = 8


def serve(name: str, register: Callable[[grpc.Server], None]) -> None:
    """Serves until SIGTERM or SIGINT, on the port that GRPC_PORT names."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    port = os.environ.get("GRPC_PORT", "50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=OPEN_CALLS))
    register(server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    logging.getLogger(name).info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()

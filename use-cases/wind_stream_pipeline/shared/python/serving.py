"""What all services of this use case share: how they are served, and how a bad request is refused."""

import functools
import logging
import os
import signal
from collections.abc import Callable
from concurrent import futures

import grpc

MAX_MESSAGE_BYTES = 256 * 1024 * 1024
# Each open stream holds a thread until it ends.
OPEN_CALLS = 8


def serve(name: str, register: Callable[[grpc.Server], None]) -> None:
    """Serves until SIGTERM or SIGINT, on the port that GRPC_PORT names."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    port = os.environ.get("GRPC_PORT", "50051")
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=OPEN_CALLS),
        options=[
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    register(server)
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    logging.getLogger(name).info("listening on port %s", port)

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


def refusing(stream):
    """For operations that answer with a stream: a ValueError ends it as INVALID_ARGUMENT, with its text."""

    @functools.wraps(stream)
    def refused(servicer, request, context):
        try:
            yield from stream(servicer, request, context)
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    return refused

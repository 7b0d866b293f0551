"""What goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from . import model
from .v1 import problem_pb2

TRAILER = "aieffect-problem-bin"


class Problem(Exception):
    """The server did not do as asked. Its text is for people, `code` for programs."""

    def __init__(self, text: str, code: str, status: grpc.StatusCode, findings: tuple[model.Finding, ...]):
        super().__init__(text)
        # The server's word for it, such as `no_such_run`; empty when it was not the server that answered.
        self.code = code
        self.status = status
        # What is wrong with a package or with initial data, as far as it fitted.
        self.findings = findings


@contextmanager
def problems() -> Iterator[None]:
    """Turns what gRPC raises into a Problem."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise of(error) from error


def of(error: grpc.aio.AioRpcError) -> Problem:
    told = problem_pb2.Problem()
    for key, value in error.trailing_metadata() or ():
        if key == TRAILER and isinstance(value, bytes):
            told = problem_pb2.Problem.FromString(value)
    findings = tuple(model.finding(finding) for finding in told.findings)
    return Problem(error.details() or error.code().name, told.code, error.code(), findings)

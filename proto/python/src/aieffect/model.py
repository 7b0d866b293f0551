"""What the server tells, as plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from .v1 import nodes_pb2, pipelines_pb2, problem_pb2, runs_pb2


class RunState(Enum):
    """How a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    NEEDS_KEY = "needs_key"
    INTERRUPTED = "interrupted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in (RunState.WAITING, RunState.RUNNING)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a package, or odd."""

    severity: str
    code: str
    message: str
    # `file:line:column` of each place.
    places: tuple[str, ...]
    help: str


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that the server keeps."""

    digest: str
    name: str
    created_at: datetime
    size_bytes: int


@dataclass(frozen=True)
class Step:
    """What has become of a step: an operation of a node."""

    name: str
    state: str
    calls: int
    attempts: int
    messages: int
    bytes: int
    began_at: datetime | None
    ended_at: datetime | None
    failure: str


@dataclass(frozen=True)
class Run:
    """A run. Those of a list have no steps."""

    id: str
    pipeline: str
    name: str
    key: str
    mode: str
    state: RunState
    reason: str
    created_at: datetime
    updated_at: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Event:
    """Something that happened in a run."""

    position: int
    at: datetime
    kind: str
    # All that is known of it.
    fields: dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A service of a pipeline, as it is now."""

    name: str
    address: str
    is_ready: bool
    reason: str
    # Why calls of it fail at once for now; empty when they are made.
    calls_refused: str


def finding(message: problem_pb2.Finding) -> Finding:
    severity = problem_pb2.Finding.Severity.Name(message.severity).removeprefix("SEVERITY_").lower()
    places = tuple(f"{place.file}:{place.line}:{place.column}" for place in message.places)
    return Finding(severity, message.code, message.message, places, message.help)


def pipeline(message: pipelines_pb2.Pipeline) -> Pipeline:
    return Pipeline(message.digest, message.name, _time(message.created_at), message.size_bytes)


def run(message: runs_pb2.Run) -> Run:
    return Run(
        id=message.id,
        pipeline=message.pipeline,
        name=message.name,
        key=message.key,
        mode=runs_pb2.Mode.Name(message.mode).removeprefix("MODE_").lower(),
        state=RunState(runs_pb2.RunState.Name(message.state).removeprefix("RUN_STATE_").lower()),
        reason=message.reason,
        created_at=_time(message.created_at),
        updated_at=_time(message.updated_at),
        steps=tuple(_step(step) for step in message.steps),
    )


def event(message: runs_pb2.RunEvent) -> Event:
    return Event(message.position, _time(message.at), message.kind, json.loads(message.json))


def node(message: nodes_pb2.Node) -> Node:
    return Node(message.name, message.address, message.is_ready, message.reason, message.calls_refused)


def _step(message: runs_pb2.Step) -> Step:
    return Step(
        name=message.name,
        state=runs_pb2.Step.State.Name(message.state).removeprefix("STATE_").lower(),
        calls=message.calls,
        attempts=message.attempts,
        messages=message.messages,
        bytes=message.bytes,
        began_at=_time(message.began_at) if message.HasField("began_at") else None,
        ended_at=_time(message.ended_at) if message.HasField("ended_at") else None,
        failure=message.failure,
    )


def _time(message: Timestamp) -> datetime:
    return message.ToDatetime(timezone.utc)

"""The client."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc

from . import errors, model, packages
from .v1 import (
    nodes_pb2,
    nodes_pb2_grpc,
    pipelines_pb2,
    pipelines_pb2_grpc,
    runs_pb2,
    runs_pb2_grpc,
)

MODES = {None: "MODE_UNSPECIFIED", "batch": "MODE_BATCH", "live": "MODE_LIVE"}
DIGEST = re.compile("[0-9a-f]{64}")

# Calls that may be made twice are made again while the server is away for a moment.
_AGAIN = ("Pipelines", "Nodes", "Runs/Start", "Runs/Get", "Runs/List", "Runs/Results")
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [
                dict(zip(("service", "method"), f"aieffect.v1.{name}".split("/"))) for name in _AGAIN
            ],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "3s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
# Packages and results have no limit of the client's; a server that is gone is noticed.
_OPTIONS = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 3_000),
]


class Client:
    """Speaks to one server. Use it with `async with`; it may be used by many tasks at once.

    `address` is `host:port` of the server's gRPC address. `key` is sent with each call. With `credentials` the connection
    is made secure, otherwise it is plain. What goes wrong is raised as `Problem`.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:50100",
        *,
        key: str | None = None,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._metadata = (("authorization", f"Bearer {key}"),) if key else ()
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Client:
        if self._credentials is None:
            channel = grpc.aio.insecure_channel(self._address, options=_OPTIONS)
        else:
            channel = grpc.aio.secure_channel(self._address, self._credentials, options=_OPTIONS)
        self._channel = channel
        self._pipelines = pipelines_pb2_grpc.PipelinesStub(channel)
        self._runs = runs_pb2_grpc.RunsStub(channel)
        self._nodes = nodes_pb2_grpc.NodesStub(channel)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def put(self, package: str | PathLike[str]) -> model.Pipeline:
        """Hands a package in: a folder or a zip. The same package twice is one pipeline."""
        request = await asyncio.to_thread(packages.request, Path(package))
        with errors.problems():
            answer = await self._pipelines.Put(request, metadata=self._metadata)
        return model.pipeline(answer.pipeline)

    async def submit(
        self,
        pipeline: str | PathLike[str],
        *,
        initial_data: Mapping[str, Any] | None = None,
        mode: str | None = None,
        idempotency_key: str | None = None,
        services_api_key: str | None = None,
    ) -> model.Run:
        """Begins a run of a pipeline: a folder, a zip, or the digest of one that was handed in before.

        `initial_data` gives request fields that no link fills, by `node:operation`. `mode` is `batch` or `live`, by default
        what the pipeline says. The same request again with the same `idempotency_key` is the same run. The services are shown
        `services_api_key`, which the server keeps in memory alone.
        """
        if mode not in MODES:
            raise ValueError(f"`{mode}` is no mode; there are batch and live")
        digest = str(pipeline)
        if not DIGEST.fullmatch(digest):
            digest = (await self.put(pipeline)).digest
        request = runs_pb2.StartRunRequest(
            pipeline=digest,
            initial_data="" if initial_data is None else json.dumps(initial_data),
            mode=MODES[mode],
            # So that a call that is made again begins no second run.
            idempotency_key=idempotency_key or str(uuid.uuid4()),
            services_api_key=services_api_key or "",
        )
        with errors.problems():
            answer = await self._runs.Start(request, metadata=self._metadata)
        return model.run(answer.run)

    async def status(self, run: str) -> model.Run:
        """How a run is, with its steps."""
        with errors.problems():
            answer = await self._runs.Get(runs_pb2.GetRunRequest(run=run), metadata=self._metadata)
        return model.run(answer)

    async def events(
        self, run: str, *, start: int = 0, patience: float = 60.0
    ) -> AsyncIterator[model.Event]:
        """A run's events from the position `start` on: those so far, then each as it happens, until nobody works on it.

        While the server is away, this waits for it, `patience` seconds at most, and goes on behind the last event.
        """
        away_since: float | None = None
        while True:
            request = runs_pb2.StreamEventsRequest(run=run, **{"from": start})
            try:
                async for message in self._runs.StreamEvents(request, metadata=self._metadata):
                    away_since = None
                    start = message.position + 1
                    yield model.event(message)
                return
            except grpc.aio.AioRpcError as error:
                now = time.monotonic()
                away_since = now if away_since is None else away_since
                is_away = error.code() is grpc.StatusCode.UNAVAILABLE
                if not is_away or now - away_since >= patience:
                    raise errors.of(error) from error
            await asyncio.sleep(0.2)

    async def wait(self, run: str, *, patience: float = 60.0) -> model.Run:
        """Waits until a run is over."""
        async for _ in self.events(run, patience=patience):
            pass
        return await self.status(run)

    async def results(self, run: str) -> dict[str, Any]:
        """The response of each finished step, by `node:operation`."""
        request = runs_pb2.ResultsRequest(run=run)
        with errors.problems():
            pieces = [piece.json async for piece in self._runs.Results(request, metadata=self._metadata)]
        results: dict[str, Any] = json.loads(b"".join(pieces))
        return results

    async def cancel(self, run: str) -> None:
        """Asks a run to end."""
        with errors.problems():
            await self._runs.Cancel(runs_pb2.CancelRunRequest(run=run), metadata=self._metadata)

    async def resume(
        self, run: str, *, redo: Sequence[str] = (), services_api_key: str | None = None
    ) -> None:
        """Goes on with a run that failed, was cancelled or could not go on; steps in `redo` are called again in any case."""
        request = runs_pb2.ResumeRunRequest(run=run, redo=redo, services_api_key=services_api_key or "")
        with errors.problems():
            await self._runs.Resume(request, metadata=self._metadata)

    async def delete(self, run: str) -> None:
        """Takes a run that has ended out of the server's store."""
        with errors.problems():
            await self._runs.Delete(runs_pb2.DeleteRunRequest(run=run), metadata=self._metadata)

    async def runs(self, *, state: model.RunState | None = None) -> AsyncIterator[model.Run]:
        """All runs, the latest first, or those that stand so."""
        name = "UNSPECIFIED" if state is None else state.name
        request = runs_pb2.ListRunsRequest(state=f"RUN_STATE_{name}")
        while True:
            with errors.problems():
                page = await self._runs.List(request, metadata=self._metadata)
            for run in page.runs:
                yield model.run(run)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def pipelines(self) -> AsyncIterator[model.Pipeline]:
        """All pipelines, the latest first."""
        request = pipelines_pb2.ListPipelinesRequest()
        while True:
            with errors.problems():
                page = await self._pipelines.List(request, metadata=self._metadata)
            for pipeline in page.pipelines:
                yield model.pipeline(pipeline)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def health(self, pipeline: str) -> list[model.Node]:
        """Asks every node of a pipeline, by its digest, whether it answers now."""
        request = nodes_pb2.NodesHealthRequest(pipeline=pipeline)
        with errors.problems():
            answer = await self._nodes.Health(request, metadata=self._metadata)
        return [model.node(node) for node in answer.nodes]

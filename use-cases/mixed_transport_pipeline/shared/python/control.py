"""The HTTP control interface, for services that hand over functions: `create_app`.

A function takes the inputs, the parameters and a way to tell its progress, and gives a data reference, or None. One that
takes long runs in the background: `execute` answers `running` at once, and the caller asks for the status.
"""

import base64
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

Reference = dict[str, Any]
Tell = Callable[[int], None]
Operation = Callable[[list[Reference], dict[str, Any], Tell], Reference | None]

log = logging.getLogger("control")


class ExecuteRequest(BaseModel):
    method: str
    workflow_id: str
    task_id: str
    inputs: list[Reference] = []
    parameters: dict[str, Any] = {}


class Task(BaseModel):
    status: str = "running"
    progress: int = 0
    output: Reference | None = None
    error: str | None = None

    def carry_out(self, operation: Operation, request: ExecuteRequest) -> None:
        def tell(percent: int) -> None:
            self.progress = percent

        try:
            self.output = operation(request.inputs, request.parameters, tell)
            self.progress, self.status = 100, "complete"
        except (ValueError, OSError) as error:
            log.warning("%s: %s", request.task_id, error)
            self.error, self.status = str(error), "failed"
        except Exception as error:
            log.exception("%s", request.task_id)
            self.error, self.status = f"{type(error).__name__}: {error}", "failed"


def create_app(title: str, at_once: dict[str, Operation], in_background: dict[str, Operation]) -> FastAPI:
    app = FastAPI(title=title)
    tasks: dict[str, Task] = {}

    def known(task_id: str) -> Task:
        if task_id not in tasks:
            raise HTTPException(status_code=404, detail="Task not found")
        return tasks[task_id]

    @app.post("/control/execute")
    def execute(request: ExecuteRequest) -> dict[str, Any]:
        task = Task()
        if operation := at_once.get(request.method):
            task.carry_out(operation, request)
        elif operation := in_background.get(request.method):
            tasks[request.task_id] = task
            threading.Thread(target=task.carry_out, args=(operation, request), daemon=True).start()
        else:
            raise HTTPException(status_code=400, detail=f"Unknown method: {request.method}")
        return {"status": task.status, "task_id": request.task_id, "output": task.output, "error": task.error}

    @app.get("/control/status/{task_id}")
    def status(task_id: str) -> dict[str, Any]:
        task = known(task_id)
        return {"status": task.status, "progress": task.progress, "error": task.error}

    @app.get("/control/output/{task_id}")
    def output(task_id: str) -> dict[str, Any]:
        task = known(task_id)
        if task.status != "complete":
            raise HTTPException(status_code=400, detail="Task not complete")
        return {"output": task.output}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def inline(value: Any) -> Reference:
    """A reference that holds its data itself."""
    data = base64.b64encode(json.dumps(value).encode()).decode()
    return {"protocol": "inline", "uri": data, "format": "json"}


def held(reference: Reference) -> Any:
    """What an inline reference holds."""
    return json.loads(base64.b64decode(reference["uri"]))


def of_protocol(inputs: list[Reference], protocol: str) -> Reference:
    """The first input of that protocol. Raises ValueError when there is none."""
    found = next((each for each in inputs if each.get("protocol") == protocol), None)
    if found is None:
        raise ValueError(f"no input of protocol {protocol!r} among {len(inputs)}")
    return found

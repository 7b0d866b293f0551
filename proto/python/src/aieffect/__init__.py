"""A client of `aieffect serve`: hand pipelines in, follow their runs, fetch their results.

    async with Client("127.0.0.1:50100") as client:
        run = await client.submit("use-cases-platform/my-case")
        async for event in client.events(run.id):
            print(event.kind)
        print(await client.results(run.id))
"""

from .client import Client
from .errors import Problem
from .model import Event, Finding, Node, Pipeline, Run, RunState, Step

__all__ = ["Client", "Event", "Finding", "Node", "Pipeline", "Problem", "Run", "RunState", "Step"]

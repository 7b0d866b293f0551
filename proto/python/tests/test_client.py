"""The client against a real server.

The environment says what with: BINARY is `aieffect`, PACKAGE the folder of a package with steps `n1:Do` and `n2:Do`, GATED one
whose services answer once `open` has been printed, CERTIFICATES one with a CA, `ca.pem`, and what it has signed, `own.pem` and `own.key`.
"""

import asyncio
import os
import shutil
import tempfile
import unittest
from pathlib import Path

import grpc

from aieffect import Client, Problem, RunState

PACKAGE = Path(os.environ["PACKAGE"])
GATED = Path(os.environ["GATED"])
CERTIFICATES = Path(os.environ["CERTIFICATES"])
KEY = "0123456789abcdef"
PATIENCE_SECONDS = 60


class Server:
    """`aieffect serve` on a store. It can be stopped and come back at the same address."""

    def __init__(self, store: Path, *options: str):
        self.store = store
        self.options = options
        self.address = "127.0.0.1:0"

    async def start(self) -> None:
        keys = self.store / "keys"
        keys.write_text(f"tests admin {KEY}\nwatch read fedcba9876543210\n")
        keys.chmod(0o600)
        options = ["--http-addr=127.0.0.1:0", f"--grpc-addr={self.address}", f"--store={self.store / 'runs'}"]
        options += [f"--keys={keys}", "--grace=100ms", *self.options]
        self.process = await asyncio.create_subprocess_exec(
            os.environ["BINARY"], "serve", *options, stderr=asyncio.subprocess.PIPE
        )
        while "at grpc" not in (line := (await self.process.stderr.readline()).decode()):
            assert line, "the server has ended"
        self.address = line.split("://")[1].strip()

    async def stop(self) -> None:
        self.process.terminate()
        await self.process.communicate()


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        self.server = Server(folder)
        await self.server.start()
        self.addAsyncCleanup(self.server.stop)
        self.client = await self.enterAsyncContext(Client(self.server.address, key=KEY))

    async def within(self, coroutine):
        return await asyncio.wait_for(coroutine, PATIENCE_SECONDS)

    async def test_a_folder_is_run_and_its_results_are_fetched(self) -> None:
        run = await self.client.submit(PACKAGE)
        kinds = await self.within(self.kinds(run.id))
        self.assertEqual((kinds[0], kinds[-1]), ("started", "finished"))
        run = await self.client.status(run.id)
        self.assertIs(run.state, RunState.SUCCEEDED)
        self.assertTrue(run.state.is_over)
        self.assertEqual([(step.name, step.state) for step in run.steps], [("n1:Do", "finished"), ("n2:Do", "finished")])
        results = await self.client.results(run.id)
        self.assertEqual(results["n2:Do"]["text"], "fine")

    async def test_a_server_with_mutual_tls_is_reached_with_credentials_alone(self) -> None:
        ca, certificate, key = (CERTIFICATES / name for name in ("ca.pem", "own.pem", "own.key"))
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        server = Server(folder, f"--listen-cert={certificate}", f"--listen-key={key}", f"--listen-client-ca={ca}")
        await server.start()
        self.addAsyncCleanup(server.stop)
        known = grpc.ssl_channel_credentials(ca.read_bytes(), key.read_bytes(), certificate.read_bytes())
        async with Client(server.address, key=KEY, credentials=known) as client:
            digest = (await self.within(client.put(PACKAGE))).digest
        self.assertEqual(digest, (await self.client.put(PACKAGE)).digest)
        unknown = grpc.ssl_channel_credentials(ca.read_bytes())
        async with Client(server.address, key=KEY, credentials=unknown) as client:
            with self.assertRaises(Problem):
                await self.within(client.put(PACKAGE))

    async def test_a_zip_and_a_digest_are_the_same_pipeline(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive = shutil.make_archive(f"{folder}/package", "zip", PACKAGE)
            pipeline = await self.client.put(archive)
        self.assertEqual(pipeline, await self.client.put(str(PACKAGE)))
        first = await self.client.submit(pipeline.digest, idempotency_key="once")
        again = await self.client.submit(pipeline.digest, idempotency_key="once")
        self.assertEqual(first.id, again.id)
        other = await self.client.submit(pipeline.digest, mode="batch")
        for run in (first, other):
            await self.within(self.client.wait(run.id))
        self.assertEqual([run.id async for run in self.client.runs()], [other.id, first.id])
        self.assertEqual([run.id async for run in self.client.runs(state=RunState.FAILED)], [])
        self.assertEqual([kept async for kept in self.client.pipelines()], [pipeline])
        self.assertEqual([node.is_ready for node in await self.client.health(pipeline.digest)], [True, True])
        await self.client.delete(other.id)
        self.assertEqual([run.id async for run in self.client.runs()], [first.id])

    async def test_what_goes_wrong_is_a_problem(self) -> None:
        with self.assertRaises(Problem) as unknown:
            await self.client.status("run-000000000000")
        self.assertEqual((unknown.exception.code, unknown.exception.status), ("no_such_run", grpc.StatusCode.NOT_FOUND))
        with self.assertRaises(Problem) as wrong:
            await self.client.submit(PACKAGE, initial_data={"n1:Do": {"tex": 1}})
        self.assertEqual(wrong.exception.code, "findings")
        self.assertEqual(wrong.exception.findings[0].severity, "error")
        self.assertIn(wrong.exception.findings[0].message, str(wrong.exception))
        with self.assertRaises(ValueError):
            await self.client.submit(PACKAGE, mode="odd")
        async with Client(self.server.address, key="fedcba9876543210") as watcher:
            with self.assertRaises(Problem) as refused:
                await watcher.submit(PACKAGE)
            self.assertEqual(refused.exception.status, grpc.StatusCode.PERMISSION_DENIED)
        async with Client(self.server.address) as stranger:
            with self.assertRaises(Problem) as refused:
                await self.within(self.collect(stranger.events("run-000000000000")))
            self.assertEqual(refused.exception.status, grpc.StatusCode.UNAUTHENTICATED)

    async def test_events_go_on_where_they_were_when_the_server_comes_back(self) -> None:
        run = await self.client.submit(GATED)
        seen = []
        async for event in self.client.events(run.id):
            seen.append(event)
            if event.kind == "fired":
                break
        await self.server.stop()

        async def come_back():
            await self.server.start()
            print("open", flush=True)

        rest, _ = await self.within(
            asyncio.gather(self.collect(self.client.events(run.id, start=seen[-1].position + 1)), come_back())
        )
        self.assertEqual([event.position for event in seen + rest], list(range(len(seen + rest))))
        self.assertEqual(rest[-1].fields["outcome"], "succeeded")

    async def test_a_run_is_cancelled_and_gone_on_with(self) -> None:
        run = await self.client.submit(PACKAGE)
        await self.within(self.client.wait(run.id))
        with self.assertRaises(Problem) as over:
            await self.client.cancel(run.id)
        self.assertEqual(over.exception.code, "wrong_state")
        await self.client.resume(run.id, redo=["n2:Do"])
        run = await self.within(self.client.wait(run.id))
        self.assertEqual([step.calls for step in run.steps], [1, 2])

    async def kinds(self, run: str) -> list[str]:
        return [event.kind for event in await self.collect(self.client.events(run))]

    async def collect(self, events):
        return [event async for event in events]


if __name__ == "__main__":
    unittest.main()

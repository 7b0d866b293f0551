"""Every call of `aieffect.v1`, made by grpcio against a running server.

    python native_api.py ADDRESS PACKAGE

PACKAGE is the folder of a package with steps `n1:Do` and `n2:Do`. The stubs are generated from proto/ into a temporary folder.
What is not as it should be ends it with an AssertionError. Needs grpcio and grpcio-tools.
"""

import io
import json
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import grpc
from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parents[4] / "proto"
DEADLINE_SECONDS = 60


def compile_protos(out):
    files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.glob("aieffect/v1/*.proto"))
    well_known = Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTOS}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
    assert protoc.main([*arguments, *files]) == 0
    sys.path.insert(0, str(out))


def zipped(folder):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return written.getvalue()


def fails(code, word, call):
    """The call ends with that status and problem."""
    from aieffect.v1 import problem_pb2

    try:
        call()
    except grpc.RpcError as error:
        assert error.code() is code, (error.code(), error.details())
        trailers = {key: value for key, value in error.trailing_metadata() or []}
        problem = problem_pb2.Problem.FromString(trailers["aieffect-problem-bin"])
        assert problem.code == word, (problem.code, error.details())
        return error.details(), problem
    raise AssertionError(f"this ends well instead of with {code}")


def main(address, folder):
    with tempfile.TemporaryDirectory() as out:
        compile_protos(Path(out))
        # A client that asks for signs of life far more often than there is data is not sent away.
        options = [
            ("grpc.keepalive_time_ms", 1000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.max_send_message_length", -1),
            ("grpc.enable_http_proxy", 0),
        ]
        with grpc.insecure_channel(address, options=options) as channel:
            grpc.channel_ready_future(channel).result(timeout=DEADLINE_SECONDS)
            every_call(channel, Path(folder))
    print("all calls are as they should be")


def every_call(channel, folder):
    from aieffect.v1 import nodes_pb2 as n, nodes_pb2_grpc
    from aieffect.v1 import pipelines_pb2 as p, pipelines_pb2_grpc
    from aieffect.v1 import runs_pb2 as r, runs_pb2_grpc

    pipelines = pipelines_pb2_grpc.PipelinesStub(channel)
    runs = runs_pb2_grpc.RunsStub(channel)
    nodes = nodes_pb2_grpc.NodesStub(channel)
    code = grpc.StatusCode

    # Pipelines
    text = {path.name: path.read_text() for path in folder.glob("*.json")}
    protos = {f"microservice/{path.name}": path.read_text() for path in folder.glob("microservice/*.proto")}
    documents = p.PackageDocuments(
        blueprint=text["blueprint.json"],
        dockerinfo=text["dockerinfo.json"],
        execution=text["execution.json"],
        protos=protos,
    )
    kept = pipelines.Put(p.PutPipelineRequest(documents=documents)).pipeline
    assert len(kept.digest) == 64 and kept.name == "Case" and kept.size_bytes > 0, kept
    assert abs(kept.created_at.seconds - time.time()) < 600
    assert pipelines.Put(p.PutPipelineRequest(zip=zipped(folder))).pipeline.digest == kept.digest
    assert pipelines.Get(p.GetPipelineRequest(digest=kept.digest)) == kept
    assert list(pipelines.List(p.ListPipelinesRequest()).pipelines) == [kept]
    pieces = [piece.data for piece in pipelines.Download(p.DownloadPipelineRequest(digest=kept.digest))]
    assert "blueprint.json" in zipfile.ZipFile(io.BytesIO(b"".join(pieces))).namelist()
    nothing = "0" * 64
    fails(code.NOT_FOUND, "no_such_pipeline", lambda: pipelines.Get(p.GetPipelineRequest(digest=nothing)))
    fails(code.NOT_FOUND, "no_such_pipeline", lambda: list(pipelines.Download(p.DownloadPipelineRequest())))
    fails(code.NOT_FOUND, "no_such_pipeline", lambda: pipelines.Delete(p.DeletePipelineRequest(digest=nothing)))
    fails(code.INVALID_ARGUMENT, "bad_request", lambda: pipelines.Put(p.PutPipelineRequest()))
    fails(code.INVALID_ARGUMENT, "bad_request", lambda: pipelines.List(p.ListPipelinesRequest(page_size=501)))
    broken = json.loads(text["blueprint.json"])
    broken["nodes"][0]["operation_signature_list"][0]["connected_to"][0]["container_name"] = "n9"
    documents.blueprint = json.dumps(broken)
    broken = p.PutPipelineRequest(documents=documents)
    details, problem = fails(code.INVALID_ARGUMENT, "findings", lambda: pipelines.Put(broken))
    first = problem.findings[0]
    assert first.severity == first.SEVERITY_ERROR and first.places[0].file == "blueprint.json", problem
    assert "n9" in details and first.code in details, details
    many = json.loads(text["blueprint.json"])
    many["nodes"] *= 300
    documents.blueprint = json.dumps(many)
    many = p.PutPipelineRequest(documents=documents)
    details, problem = fails(code.INVALID_ARGUMENT, "findings", lambda: pipelines.Put(many))
    assert problem.findings_left_out > 0 and " more" in details, details
    as_large_as_may_be = p.PutPipelineRequest(zip=bytes(64 * 1024 * 1024))
    fails(code.INVALID_ARGUMENT, "findings", lambda: pipelines.Put(as_large_as_may_be))
    large = p.PutPipelineRequest(zip=bytes(70 * 1024 * 1024))
    try:
        pipelines.Put(large)
        raise AssertionError("70 MiB are taken")
    except grpc.RpcError as error:
        assert error.code() in (code.RESOURCE_EXHAUSTED, code.OUT_OF_RANGE), error

    # Nodes
    health = nodes.Health(n.NodesHealthRequest(pipeline=kept.digest)).nodes
    assert [(node.name, node.is_ready) for node in health] == [("n1", True), ("n2", True)], health
    fails(code.NOT_FOUND, "no_such_pipeline", lambda: nodes.Health(n.NodesHealthRequest(pipeline=nothing)))

    # Runs
    request = r.StartRunRequest(pipeline=kept.digest, idempotency_key="first")
    started = runs.Start(request)
    run = started.run.id
    assert not started.is_repeated and started.run.name == "Case" and started.run.mode == r.MODE_BATCH
    again = runs.Start(request)
    assert again.is_repeated and again.run.id == run
    other = r.StartRunRequest(pipeline=kept.digest, idempotency_key="first", mode=r.MODE_BATCH)
    fails(code.ALREADY_EXISTS, "idempotency_key_reused", lambda: runs.Start(other))
    fails(code.NOT_FOUND, "no_such_pipeline", lambda: runs.Start(r.StartRunRequest(pipeline=nothing)))
    wrong = r.StartRunRequest(pipeline=kept.digest, initial_data='{"n1:Do": {"tex": 1}}')
    fails(code.INVALID_ARGUMENT, "findings", lambda: runs.Start(wrong))
    no_mode = r.StartRunRequest(pipeline=kept.digest, mode=7)
    fails(code.INVALID_ARGUMENT, "bad_request", lambda: runs.Start(no_mode))
    long_key = r.StartRunRequest(pipeline=kept.digest, idempotency_key="k" * 201)
    fails(code.INVALID_ARGUMENT, "bad_request", lambda: runs.Start(long_key))

    events = list(runs.StreamEvents(r.StreamEventsRequest(run=run), timeout=DEADLINE_SECONDS))
    assert [event.position for event in events] == list(range(len(events)))
    kinds = [event.kind for event in events]
    assert kinds[0] == "started" and kinds[-1] == "finished" and kinds.count("fired") == 2, kinds
    assert json.loads(events[-1].json)["outcome"] == "succeeded", events[-1]
    rest = list(runs.StreamEvents(r.StreamEventsRequest(run=run, **{"from": 3}), timeout=DEADLINE_SECONDS))
    assert rest == events[3:]
    shown = runs.Get(r.GetRunRequest(run=run))
    assert shown.state == r.RUN_STATE_SUCCEEDED, shown
    assert [(step.name, step.calls) for step in shown.steps] == [("n1:Do", 1), ("n2:Do", 1)]
    pieces = [piece.json for piece in runs.Results(r.ResultsRequest(run=run))]
    assert list(json.loads(b"".join(pieces))) == ["n1:Do", "n2:Do"]

    second = runs.Start(r.StartRunRequest(pipeline=kept.digest)).run.id
    list(runs.StreamEvents(r.StreamEventsRequest(run=second), timeout=DEADLINE_SECONDS))
    page = runs.List(r.ListRunsRequest(page_size=1))
    assert [shown.id for shown in page.runs] == [second] and page.next_page_token
    page = runs.List(r.ListRunsRequest(page_size=1, page_token=page.next_page_token))
    assert [shown.id for shown in page.runs] == [run] and not page.next_page_token
    assert not runs.List(r.ListRunsRequest(state=r.RUN_STATE_FAILED)).runs
    assert len(runs.List(r.ListRunsRequest(state=r.RUN_STATE_SUCCEEDED)).runs) == 2
    fails(code.INVALID_ARGUMENT, "bad_request", lambda: runs.List(r.ListRunsRequest(state=99)))
    fails(code.INVALID_ARGUMENT, "bad_request", lambda: runs.List(r.ListRunsRequest(page_token="odd")))

    for call in (
        lambda name: runs.Get(r.GetRunRequest(run=name)),
        lambda name: runs.Cancel(r.CancelRunRequest(run=name)),
        lambda name: runs.Resume(r.ResumeRunRequest(run=name)),
        lambda name: runs.Delete(r.DeleteRunRequest(run=name)),
        lambda name: list(runs.Results(r.ResultsRequest(run=name))),
        lambda name: list(runs.StreamEvents(r.StreamEventsRequest(run=name))),
    ):
        for name in ("run-000000000000", "", "../../etc"):
            fails(code.NOT_FOUND, "no_such_run", lambda: call(name))
    fails(code.FAILED_PRECONDITION, "wrong_state", lambda: runs.Cancel(r.CancelRunRequest(run=run)))
    fails(code.FAILED_PRECONDITION, "wrong_state", lambda: runs.Resume(r.ResumeRunRequest(run=run)))
    no_step = r.ResumeRunRequest(run=run, redo=["n3:Do"])
    fails(code.INVALID_ARGUMENT, "no_such_step", lambda: runs.Resume(no_step))
    runs.Resume(r.ResumeRunRequest(run=run, redo=["n2:Do"]))
    list(runs.StreamEvents(r.StreamEventsRequest(run=run), timeout=DEADLINE_SECONDS))
    assert [step.calls for step in runs.Get(r.GetRunRequest(run=run)).steps] == [1, 2]
    gone = p.DeletePipelineRequest(digest=kept.digest)
    fails(code.FAILED_PRECONDITION, "in_use", lambda: pipelines.Delete(gone))
    for name in (run, second):
        runs.Delete(r.DeleteRunRequest(run=name))
    pipelines.Delete(gone)
    assert not pipelines.List(p.ListPipelinesRequest()).pipelines

    shown_by_reflection(channel)
    held_for_a_while(channel)


def shown_by_reflection(channel):
    """Both versions list the services, and give the file of each with what it imports."""
    for version in ("v1", "v1alpha"):
        ask = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
        listed = next(ask(iter([b"\x3a\x00"]), timeout=DEADLINE_SECONDS))
        for service in (b"aieffect.v1.Pipelines", b"aieffect.v1.Runs", b"aieffect.v1.Nodes", b"grpc.health.v1.Health"):
            assert service in listed, listed
        # `file_containing_symbol`.
        name = b"aieffect.v1.Runs"
        found = next(ask(iter([b"\x22" + bytes([len(name)]) + name]), timeout=DEADLINE_SECONDS))
        assert b"google/protobuf/timestamp.proto" in found and b"StreamEvents" in found, found


def held_for_a_while(channel):
    """Health, without data and with many signs of life."""
    stay_alive = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=4)
    states = []
    try:
        for state in stay_alive:
            states.append(state)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED, error
    assert states == [b"\x08\x01"], states


main(*sys.argv[1:])

"""A package on disk, as it is handed in."""

from __future__ import annotations

from pathlib import Path

from .v1 import pipelines_pb2


def request(path: Path) -> pipelines_pb2.PutPipelineRequest:
    """A folder by its documents and protos, anything else as a zip."""
    if not path.is_dir():
        return pipelines_pb2.PutPipelineRequest(zip=path.read_bytes())
    execution = path / "execution.json"
    documents = pipelines_pb2.PackageDocuments(
        blueprint=_text(path / "blueprint.json"),
        dockerinfo=_text(path / "dockerinfo.json"),
        execution=_text(execution) if execution.exists() else "",
        protos={
            proto.relative_to(path).as_posix(): _text(proto)
            for proto in sorted(path.glob("microservice/**/*.proto"))
        },
    )
    return pipelines_pb2.PutPipelineRequest(documents=documents)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

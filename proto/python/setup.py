"""Generates the modules of `aieffect.v1` from the protos while the package is built, so that none is kept."""

import shutil
from importlib.metadata import version
from pathlib import Path

from grpc_tools import protoc
from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
# In the repository the protos lie beside this folder, in a source distribution within it.
PROTOS = HERE / "protos" if (HERE / "protos").is_dir() else HERE.parent


def protos():
    found = sorted(PROTOS.glob("aieffect/v1/*.proto"))
    if not found:
        raise SystemExit(f"there are no protos in {PROTOS / 'aieffect' / 'v1'}")
    return [path.relative_to(PROTOS) for path in found]


class WithStubs(build_py):
    def run(self):
        super().run()
        out = HERE / "src" if self.editable_mode else Path(self.build_lib)
        out.mkdir(parents=True, exist_ok=True)
        well_known = Path(protoc.__file__).parent / "_proto"
        arguments = ["protoc", f"-I{PROTOS}", f"-I{well_known}"]
        arguments += [f"--{kind}={out}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
        if protoc.main([*arguments, *map(str, protos())]) != 0:
            raise SystemExit("the protos cannot be compiled")
        (out / "aieffect" / "v1" / "__init__.py").write_text('"""Messages and stubs of `aieffect.v1`."""\n')


class WithProtos(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        for path in protos():
            kept = Path(base_dir, "protos", path)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROTOS / path, kept)


setup(
    cmdclass={"build_py": WithStubs, "sdist": WithProtos},
    install_requires=[
        f"grpcio>={version('grpcio-tools')}",
        f"protobuf>={version('protobuf')}",
    ],
)

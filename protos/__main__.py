"""Regenerate the committed protobuf modules and the descriptor set: ``python protos [OUT]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROTOS = Path(__file__).resolve().parent
PACKAGE_ROOT = PROTOS.parent / "clients" / "python"  # footlight/v1/x.proto -> footlight.v1.x_pb2
DESCRIPTORS = "footlight/v1/footlight.binpb"
SCRIPTS = Path(sys.executable).parent  # where pip put mypy-protobuf's protoc plug-ins


def generate(out: Path) -> None:
    """Write ``*_pb2.py``, ``*_pb2_grpc.py`` and their stubs for every .proto below PROTOS, and one descriptor set of all."""
    (out / DESCRIPTORS).parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}"]
    command += [f"--python_out={out}", f"--grpc_python_out={out}"]
    command += ["--include_imports", f"--descriptor_set_out={out / DESCRIPTORS}"]
    for stubs in ("mypy", "mypy_grpc"):
        command += [f"--plugin={SCRIPTS / f'protoc-gen-{stubs}'}", f"--{stubs}_out=quiet:{out}"]
    command += sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))
    subprocess.run(command, check=True)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE_ROOT)

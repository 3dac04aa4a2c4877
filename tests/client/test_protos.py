"""The wire can be had from the package, for clients in other languages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from footlight.protos import descriptor_set, proto_files

ROOT = Path(__file__).resolve().parents[2]


def test_the_files_are_those_of_the_wire() -> None:
    wire = {f"footlight/v1/{path.name}": path.read_text() for path in (ROOT / "protos/footlight/v1").glob("*.proto")}
    assert proto_files() == wire


def test_the_descriptor_set_stands_by_itself_and_has_every_service() -> None:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptor_set()).file:  # each after what it imports
        pool.AddSerializedFile(file.SerializeToString())
    for service in ("Catalog", "Recommendation", "Generation", "Interaction", "Engine", "Assistant"):
        assert pool.FindServiceByName(f"footlight.v1.{service}Service").methods


def test_the_command_writes_what_a_generator_reads(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "footlight.cli", "protos", str(tmp_path / "wire")]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert all(Path(path).is_file() for path in written)
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={tmp_path}/wire/footlight.binpb"]
    subprocess.run([*protoc, f"--python_out={tmp_path}", "footlight/v1/recommendation.proto"], check=True)
    assert (tmp_path / "footlight/v1/recommendation_pb2.py").is_file()

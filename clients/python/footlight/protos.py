"""The wire for other languages: the `.proto` files, and a descriptor set for tools such as grpcurl and buf."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

FOLDER = "footlight/v1"
_CHECKOUT = Path(__file__).resolve().parents[3] / "protos" / FOLDER
"""Where they are when the package is used from a checkout; a wheel has them beside the generated modules."""


def proto_files() -> dict[str, str]:
    """The text of every `.proto` file by its path, such as "footlight/v1/catalog.proto"."""
    beside = [entry for entry in files("footlight.v1").iterdir() if entry.name.endswith(".proto")]
    found = beside or sorted(_CHECKOUT.glob("*.proto"))
    return {f"{FOLDER}/{entry.name}": entry.read_text(encoding="utf-8") for entry in found}


def descriptor_set() -> bytes:
    """A google.protobuf.FileDescriptorSet with all of it, and with what it imports; without the comments."""
    found = FileDescriptorSet()
    seen: set[str] = set()
    for path in sorted(proto_files()):
        module = import_module(path.removesuffix(".proto").replace("/", ".") + "_pb2")
        for descriptor in _with_imports(module.DESCRIPTOR, seen):
            descriptor.CopyToProto(found.file.add())
    return found.SerializeToString(deterministic=True)


def _with_imports(descriptor: FileDescriptor, seen: set[str]) -> Iterator[FileDescriptor]:
    """A file after all that it imports, each once."""
    if descriptor.name in seen:
        return
    seen.add(descriptor.name)
    for needed in descriptor.dependencies:
        yield from _with_imports(needed, seen)
    yield descriptor

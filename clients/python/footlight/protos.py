"""The wire for other languages: the `.proto` files, and a descriptor set for tools such as grpcurl and buf."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

FOLDER = "footlight/v1"
DESCRIPTORS = "footlight.binpb"
TEMPLATE = "buf.gen.yaml"
_CHECKOUT = Path(__file__).resolve().parents[3]
"""Where they are when the package is used from a checkout; a wheel has them beside the generated modules."""


def proto_files() -> dict[str, str]:
    """The text of every `.proto` file by its path, such as "footlight/v1/catalog.proto"."""
    beside = [entry for entry in files("footlight.v1").iterdir() if entry.name.endswith(".proto")]
    found = beside or sorted((_CHECKOUT / "protos" / FOLDER).glob("*.proto"))
    return {f"{FOLDER}/{entry.name}": entry.read_text(encoding="utf-8") for entry in found}


def buf_template() -> str:
    """What `buf generate` reads: which languages to generate, and by which plug-ins."""
    beside = files("footlight.v1") / TEMPLATE
    return (beside if beside.is_file() else _CHECKOUT / TEMPLATE).read_text(encoding="utf-8")


def descriptor_set() -> bytes:
    """A google.protobuf.FileDescriptorSet with all of it, and with what it imports; without the comments."""
    return (files("footlight.v1") / DESCRIPTORS).read_bytes()

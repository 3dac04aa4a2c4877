"""Every string and every list of every request has an end: each is sent too long, and refused by the name of its field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from tests.e2e.every_rpc import AGENT, CASES, KNN, Caller, Things, method_of, put

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

LONG = "x" * 70_000
MANY = 200_000
DEEP = 3
NOTHING = Things("nothing", "nothing", "nothing", b"nothing", "nothing", "nothing")
Path = tuple[str, ...]
UNREAD = {"acts.agent_id", "ends.agent_id", "situations.agent_id", "actions.act.agent_id"}
"""The agent of the whole request is meant; what stands here is not read."""
LOOKED_UP_FIRST = {"GenerationService/PublishAsset"}
"""Of an asset that is not there, what it should be called is not read."""


def spots(descriptor: Descriptor, way: Path = ()) -> Iterator[tuple[Path, FieldDescriptor]]:
    """The strings and the lists of a message, a few levels deep."""
    for field in descriptor.fields:
        here = (*way, field.name)
        if field.is_repeated or field.type == FieldDescriptor.TYPE_STRING or _is_struct(field):
            yield here, field
        if _is_ours(field) and len(here) < DEEP:
            yield from spots(kind_of(field), here)


def kind_of(field: FieldDescriptor) -> Descriptor:
    """The message that a field holds."""
    assert field.message_type is not None
    return field.message_type


def _is_message(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_MESSAGE


def _is_struct(field: FieldDescriptor) -> bool:
    return _is_message(field) and kind_of(field).full_name == "google.protobuf.Struct"


def _is_ours(field: FieldDescriptor) -> bool:
    return _is_message(field) and not _is_map(field) and kind_of(field).full_name.startswith("footlight.")


def _is_map(field: FieldDescriptor) -> bool:
    return _is_message(field) and bool(kind_of(field).GetOptions().map_entry)


def excess(rpc: str) -> Iterator[tuple[str, Message]]:
    """Requests of an RPC that are sound but for one string or list."""
    sound = CASES[rpc].request(NOTHING)
    first: Any = sound[0] if isinstance(sound, list) else sound
    if rpc == "EngineService/CreateDeployment":
        first.name = "one-more"  # the other name is taken, which is looked up first
    for way, field in spots(method_of(rpc).input_type):
        if ".".join(way) in UNREAD:
            continue
        changed = type(first)()
        changed.CopyFrom(first)
        _lengthen(changed, way, field)
        yield ".".join(way), changed


def _lengthen(message: Any, way: Path, field: FieldDescriptor) -> None:
    for name in way[:-1]:
        inner = getattr(message, name)
        message = inner if isinstance(inner, Message) else inner[0] if inner else inner.add()
    target = getattr(message, way[-1])
    if _is_struct(field):
        target.CopyFrom(_long_struct())
    elif not field.is_repeated:
        setattr(message, way[-1], LONG)
    elif not _is_message(field):
        target.extend(["a" if field.type == FieldDescriptor.TYPE_STRING else 0] * MANY)
    elif _is_map(field):
        _fill(target, field)
    else:
        one = target[0] if target else GetMessageClass(kind_of(field))()
        target.extend([one] * MANY)


def _fill(target: Any, field: FieldDescriptor) -> None:
    for number in range(MANY // 10):
        entry = target[f"k{number}"]
        if not isinstance(entry, Message):
            target[f"k{number}"] = entry


def _long_struct() -> Struct:
    struct = Struct()
    struct.update({"k": LONG})
    return struct


@pytest.fixture(scope="session")  # once for a server that is made once, however the tests are dealt out
def tenant(hunted: Server) -> Caller:
    """A caller of a server that has what the sound requests speak of."""
    caller = Caller(hunted.channel, "")
    assert caller.call("CatalogService/PutItems", put("film"))[0] == "OK"
    hunted.client.create_agent(AGENT, 3, 3, seed=1)
    hunted.client.create_deployment(KNN, "item-knn", timeout=120)
    return caller


@pytest.mark.parametrize("rpc", sorted(CASES))
def test_what_is_too_long_is_refused(tenant: Caller, rpc: str) -> None:
    answers = {}
    for field, request in excess(rpc):
        sent = [request] if method_of(rpc).client_streaming else request
        answers[field] = tenant.call(rpc, sent)
    right = {"INVALID_ARGUMENT"} | ({"NOT_FOUND"} if rpc in LOOKED_UP_FIRST else set())
    accepted = {field: answer for field, answer in answers.items() if answer[0] not in right}
    assert accepted == {}

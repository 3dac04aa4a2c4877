"""Runs the cases by the generated code alone: what the wire itself says, for the clients to agree with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.protobuf import symbol_database
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from tests.clients.cases import Json, Outcome

from footlight._wire.failures import from_rpc
from footlight.v1 import (  # the import makes their messages known
    catalog_pb2,
    engine_pb2,
    generation_pb2,
    interaction_pb2,
    recommendation_pb2,
)

Message_ = type[Message]
SERVICES = {
    descriptor.name: descriptor
    for module in (catalog_pb2, engine_pb2, generation_pb2, interaction_pb2, recommendation_pb2)
    for descriptor in module.DESCRIPTOR.services_by_name.values()
}
_SYMBOLS = symbol_database.Default()
SECONDS = 60.0


def message_class(descriptor: Any) -> Message_:
    """The generated class of a message."""
    found: Message_ = _SYMBOLS.GetSymbol(descriptor.full_name)
    return found


def spoken(message: Message) -> Json:
    """A message in the JSON of the wire, under the names of the .proto files."""
    return MessageToDict(message, preserving_proto_field_name=True)


def ask(channel: grpc.Channel) -> Callable[[str, Json], Outcome]:
    """Makes calls on a channel."""

    def one(call: str, request: Json) -> Outcome:
        try:
            return Outcome("", answer=_answer(channel, call, request))
        except grpc.RpcError as error:
            told = from_rpc(error)
            return Outcome("", told.code, told.reason, told.field, told.message, dict(told.metadata))

    return one


def _answer(channel: grpc.Channel, call: str, request: Json) -> Json:
    service, _, name = call.partition("/")
    method = SERVICES[service].methods_by_name[name]
    sent, got = message_class(method.input_type), message_class(method.output_type)
    shape = ("stream" if method.client_streaming else "unary") + ("_stream" if method.server_streaming else "_unary")
    make = getattr(channel, shape)(f"/footlight.v1.{call}", sent.SerializeToString, got.FromString)
    if not method.client_streaming:
        answer = make(ParseDict(request, sent()), timeout=SECONDS)
    else:
        answer = make(iter(list(_SPLIT[call](request))), timeout=SECONDS)
    return JOINED.get(call, spoken)(list(answer) if method.server_streaming else answer)


def upload(request: Json) -> Iterator[Message]:
    """The messages of an upload."""
    pb = generation_pb2
    files = {path: base64.b64decode(data) for path, data in request["files"].items()}
    rights = ParseDict(request.get("rights", {}), pb.CorpusRights())
    header = pb.CorpusHeader(name=request["name"], file_count=len(files))
    if "rights" in request:
        header.rights.CopyFrom(rights)
    yield pb.UploadCorpusRequest(header=header)
    for path, data in files.items():
        yield pb.UploadCorpusRequest(file=pb.CorpusFile(path=path, size_bytes=len(data)))
        yield pb.UploadCorpusRequest(chunk=data)


def _interact(request: Json) -> Iterator[Message]:
    for number, message in enumerate(request["messages"]):
        wanted = ParseDict(message, interaction_pb2.InteractRequest())
        if number == 0:
            wanted.act.agent_id = request["agent_id"]
        yield wanted


def _assets(messages: list[Any]) -> Json:
    assets: list[Any] = []
    for message in messages:
        kind = message.WhichOneof("part")
        if kind == "asset":
            assets.append({"asset": spoken(message.asset), "data": b""})
        elif kind == "data":
            assets[-1]["data"] += message.data
    return {"assets": [{**one, "data": base64.b64encode(one["data"]).decode()} for one in assets]}


def _decisions(messages: list[Any]) -> Json:
    return {"decisions": [one for message in messages for one in spoken(message).get("decisions", ())]}


_SPLIT: dict[str, Callable[[Json], Iterator[Message]]] = {
    "GenerationService/UploadCorpus": upload,
    "InteractionService/Interact": _interact,
}
JOINED: dict[str, Callable[[Any], Json]] = {
    "GenerationService/Generate": _assets,
    "GenerationService/GetAsset": _assets,
    "InteractionService/Interact": lambda messages: {"answers": list(map(spoken, messages))},
    "InteractionService/ListDecisions": _decisions,
    "EngineService/WatchTraining": lambda messages: spoken(messages[-1]),
}

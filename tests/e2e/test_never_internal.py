"""No request that protobuf can hold is answered with INTERNAL, and none brings the server down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footlight.v1 import assistant_pb2, catalog_pb2, engine_pb2, generation_pb2, interaction_pb2, recommendation_pb2

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

ALLOWED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
}
DEPTH = 3
Field = FieldDescriptor

# Names that exist on the server are tried as often as random ones, so that requests get past the first check.
TEXT = st.one_of(
    st.sampled_from(["a00", "a-01", "item-knn", "user-knn", "popular", "mlp-gan", "q-learning", "robot", "s"]),
    st.text(max_size=20),
    st.text(alphabet="é\0\n ", max_size=300),
)
INTEGERS = {
    Field.TYPE_INT32: st.one_of(st.integers(0, 5), st.integers(-(2**31), 2**31 - 1)),
    # Not up to the 10^8 cells that an agent's table may have: that is 800 MB.
    Field.TYPE_INT64: st.one_of(st.integers(0, 5), st.integers(-(2**63), 1000), st.integers(2**40, 2**63 - 1)),
}
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    **INTEGERS,
    Field.TYPE_STRING: TEXT,
    Field.TYPE_BOOL: st.booleans(),
    Field.TYPE_BYTES: st.binary(max_size=40),
    Field.TYPE_DOUBLE: st.floats(),
}


def unary_methods() -> Iterator[MethodDescriptor]:
    for file in (assistant_pb2, catalog_pb2, engine_pb2, generation_pb2, interaction_pb2, recommendation_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                if not method.client_streaming and not method.server_streaming:
                    yield method


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
    """Messages of a type with any of their fields set, a few levels deep."""
    parts = {field.name: _values(field, depth) for field in descriptor.fields if depth < DEPTH or _is_scalar(field)}
    cls = GetMessageClass(descriptor)
    return st.fixed_dictionaries({}, optional=parts).map(lambda values: _built(cls, values))


def _is_scalar(field: Field) -> bool:
    return field.type in SCALARS or field.type == Field.TYPE_ENUM


def _built(cls: Callable[[], Any], values: dict[str, Any]) -> Any:
    message = cls()
    for name, value in values.items():
        target = getattr(message, name)
        if isinstance(value, dict):
            for key, inner in value.items():
                target[key].CopyFrom(inner)
        elif isinstance(value, list):
            target.extend(value)
        elif isinstance(value, Message):
            target.CopyFrom(value)
        else:
            setattr(message, name, value)
    return message


def _values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    nested = field.message_type
    if nested is not None and nested.GetOptions().map_entry:
        held = nested.fields_by_name["value"].message_type
        assert held is not None
        return st.dictionaries(TEXT, messages(held, depth + 1), max_size=2)
    if nested is not None:
        one: st.SearchStrategy[Any] = st.deferred(lambda: messages(nested, depth + 1))
    elif field.enum_type is not None:
        one = st.one_of(st.sampled_from(sorted(field.enum_type.values_by_number)), st.just(77))
    else:
        one = SCALARS[field.type]
    return st.lists(one, max_size=3) if field.is_repeated else one


def _outcome(work: Callable[[], object]) -> tuple[grpc.StatusCode, str | None]:
    try:
        work()
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, None


@pytest.mark.parametrize("method", list(unary_methods()), ids=lambda method: method.name)
def test_random_requests_get_an_answer_or_a_reason(hunted: Server, method: MethodDescriptor) -> None:
    send: grpc.UnaryUnaryMultiCallable[Any, Any] = hunted.channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(request=messages(method.input_type))
    def check(request: Message) -> None:
        code, details = _outcome(lambda: send(request, timeout=30))
        assert code is grpc.StatusCode.OK or code in ALLOWED, details

    check()
    assert hunted.process.poll() is None

"""No input is answered with INTERNAL or UNKNOWN, and none brings the server down. `tests/soak/test_fuzz.py` has more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from tests.soak import fuzzing, raw_bytes
from tests.soak.drawing import Requests

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

NAMES = (
    "a00",
    "d03",
    "a-01",
    "film",
    "action",
    "year",
    "item-knn",
    "user-knn",
    "popular",
    "mlp-gan",
    "q-learning",
    "linucb",
    "assistant",
    "robot",
    "s",
    "k",
    "header",
)
"""What the server of these tests knows."""
PATHS = [f"/{method.containing_service.full_name}/{method.name}" for method in fuzzing.methods()]


def test_strange_requests_get_an_answer_or_a_reason(hunted: Server) -> None:
    findings = fuzzing.fuzz(hunted.address, Requests(1, NAMES), 700)
    assert findings.wrong == [], str(findings)
    assert hunted.process.poll() is None and findings.codes["OK"] > 20


def test_bytes_that_are_no_calls_leave_the_server_as_it_was(hunted: Server) -> None:
    raw_bytes.throw_all(hunted.port, raw_bytes.Noise(1, PATHS), 120)
    assert hunted.process.poll() is None and list(hunted.client.engines())


def test_a_path_that_is_no_text_does_not_end_the_server(hunted: Server) -> None:
    poison = raw_bytes.call("/footlight.v1.CatalogService/GetItem", b"").replace(b"GetItem", b"GetIt\xd3m")
    for _ in range(3):
        raw_bytes.throw(hunted.port, poison)
        assert list(hunted.client.engines())


@pytest.mark.parametrize("method", list(fuzzing.methods()), ids=lambda method: method.name)
def test_what_is_no_message_is_refused(hunted: Server, method: MethodDescriptor) -> None:
    path, damaged = f"/{method.containing_service.full_name}/{method.name}", b"\xff\xff"
    one: grpc.UnaryStreamMultiCallable[bytes, bytes] = hunted.channel.unary_stream(path)
    many: grpc.StreamStreamMultiCallable[bytes, bytes] = hunted.channel.stream_stream(path)
    answers = many(iter([damaged])) if method.client_streaming else one(damaged)
    with pytest.raises(grpc.RpcError) as refused:
        list(answers)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT

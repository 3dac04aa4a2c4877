"""The standard health service, spoken by hand: two fields are not worth a dependency.

Request: `string service = 1`, empty for the whole server. Answer: `ServingStatus status = 1`, of which 1 is SERVING.
See https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
"""

from __future__ import annotations

METHOD = "/grpc.health.v1.Health/Check"
WHOLE_SERVER = b""
SERVING = b"\x08\x01"


def same(message: bytes) -> bytes:
    """Serialiser and deserialiser of messages that are bytes already."""
    return message


def serving(answer: bytes) -> bool:
    """Whether the answer says SERVING."""
    return answer == SERVING

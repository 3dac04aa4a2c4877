"""Errors on the wire, as a server writes them."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from footlight import errors

_CODES: dict[type[errors.FootlightError], grpc.StatusCode] = {
    errors.InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.Cancelled: grpc.StatusCode.CANCELLED,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    errors.Unimplemented: grpc.StatusCode.UNIMPLEMENTED,
    errors.InternalError: grpc.StatusCode.INTERNAL,
}


def abort(context: Any, error: errors.FootlightError) -> NoReturn:
    """End the call with the error: its class gives the code, and reason, field, metadata and delay go with it."""
    code = _CODES[type(error)]
    details: list[Message] = [
        ErrorInfo(reason=error.reason or code.name, domain="footlight", metadata=_facts(error)),
    ]
    if error.field:
        violation = BadRequest.FieldViolation(field=error.field, description=error.message)
        details.append(BadRequest(field_violations=[violation]))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after * 1000))
        details.append(RetryInfo(retry_delay=delay))
    status = Status(code=code.value[0], message=error.message, details=map(_packed, details))
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, error.message)
    raise AssertionError("abort has ended the call")


def _facts(error: errors.FootlightError) -> dict[str, str]:
    return error.metadata | ({"field": error.field} if error.field else {})


def _packed(detail: Message) -> Packed:
    packed = Packed()
    packed.Pack(detail)
    return packed


def unknown(context: Any, resource: str, name: str) -> NoReturn:
    """There is no such thing."""
    facts = {"resource": resource, "name": name}
    abort(context, errors.NotFound(f"no {resource} named {name!r}", reason="NOT_FOUND", metadata=facts))


def invalid(context: Any, field: str, why: str) -> NoReturn:
    """A field is wrong."""
    abort(context, errors.InvalidArgument(f"{field}: {why}", reason="INVALID_ARGUMENT", field=field))

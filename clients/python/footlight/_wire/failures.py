"""gRPC statuses become exceptions here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

from footlight import errors

T = TypeVar("T")
_DETAILS_KEY = "grpc-status-details-bin"

_BY_CODE: dict[str, type[errors.FootlightError]] = {
    "INVALID_ARGUMENT": errors.InvalidArgument,
    "OUT_OF_RANGE": errors.InvalidArgument,
    "NOT_FOUND": errors.NotFound,
    "ALREADY_EXISTS": errors.AlreadyExists,
    "FAILED_PRECONDITION": errors.FailedPrecondition,
    "RESOURCE_EXHAUSTED": errors.ResourceExhausted,
    "UNAVAILABLE": errors.Unavailable,
    "DEADLINE_EXCEEDED": errors.DeadlineExceeded,
    "CANCELLED": errors.Cancelled,
    "UNAUTHENTICATED": errors.Unauthenticated,
    "PERMISSION_DENIED": errors.PermissionDenied,
    "UNIMPLEMENTED": errors.Unimplemented,
    "INTERNAL": errors.InternalError,
    "UNKNOWN": errors.InternalError,
    "DATA_LOSS": errors.InternalError,
}


@contextmanager
def translated() -> Iterator[None]:
    """Turns a gRPC error inside the block into a FootlightError."""
    try:
        yield
    except grpc.RpcError as error:
        raise from_rpc(error) from None


def from_rpc(error: Any) -> errors.FootlightError:
    """The exception for a gRPC error, sync or async: the status code and the standard details of google.rpc."""
    code = error.code().name
    message = error.details() or code.replace("_", " ").lower()
    return _BY_CODE.get(code, errors.FootlightError)(message, code=code, **_details(error.trailing_metadata()))


def readable(answer: T | None) -> T:
    """The answer, which gRPC's asyncio stack gives as None where the bytes are no message of its kind."""
    if answer is None:
        raise errors.InternalError("the server's answer could not be read", code="INTERNAL")
    return answer


def _details(trailing: Any) -> dict[str, Any]:
    """What the status details say; nothing where there are none or where they cannot be read."""
    found: dict[str, Any] = {"metadata": {}}
    for detail in _status(trailing).details:
        with suppress(DecodeError):  # one that cannot be read tells nothing
            _read(detail, found)
    return found


def _read(detail: Any, found: dict[str, Any]) -> None:
    if detail.Is(ErrorInfo.DESCRIPTOR):
        info = ErrorInfo.FromString(detail.value)
        found["reason"] = info.reason
        found["metadata"].update(info.metadata)
        found.setdefault("field", info.metadata.get("field", ""))
    elif detail.Is(BadRequest.DESCRIPTOR):
        violations = BadRequest.FromString(detail.value).field_violations
        found["field"] = violations[0].field if violations else ""
    elif detail.Is(RetryInfo.DESCRIPTOR):
        delay = RetryInfo.FromString(detail.value).retry_delay
        found["retry_after"] = delay.seconds + delay.nanos / 1e9
    elif detail.Is(ResourceInfo.DESCRIPTOR):
        resource = ResourceInfo.FromString(detail.value)
        found["metadata"].update(resource=resource.resource_type, name=resource.resource_name)


def _status(trailing: Any) -> Status:
    for key, value in trailing or ():
        if key == _DETAILS_KEY:
            try:
                return Status.FromString(value)
            except DecodeError:
                break
    return Status()


@contextmanager
def counted_from(field: str, offset: int) -> Iterator[None]:
    """Makes `field[3]` in an error count from the first of all elements, not from the first of one request."""
    try:
        yield
    except errors.FootlightError as error:
        if offset:
            error.field = _shifted(error.field, field, offset)
            error.message = _shifted(error.message, field, offset)
            error.args = (error.message,)
            error.add_note(f"The {offset} {field} before this request were written.")
        raise


def _shifted(text: str, field: str, offset: int) -> str:
    return re.sub(rf"\b{field}\[(\d+)\]", lambda match: f"{field}[{int(match[1]) + offset}]", text)

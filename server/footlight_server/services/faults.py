"""Turns the errors of the domain into those of gRPC: one table, one place.

A known error becomes a google.rpc.Status with ErrorInfo, and BadRequest or RetryInfo where they apply. An unknown fault
becomes INTERNAL with an error id; its traceback goes to the log and never on the wire.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from footlight_plugins import CallEnded
from footlight_server import errors
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.telemetry.calls import NOTED, REQUEST_ID

log = logging.getLogger(__name__)

DOMAIN = "footlight"

LONGEST_TEXT = 600
"""At most so many bytes of a message, a field or a name are sent."""

_CODES: dict[type[errors.FootlightError], int] = {
    errors.NotFound: code_pb2.NOT_FOUND,
    errors.InvalidArgument: code_pb2.INVALID_ARGUMENT,
    errors.AlreadyExists: code_pb2.ALREADY_EXISTS,
    errors.Unauthenticated: code_pb2.UNAUTHENTICATED,
    errors.PermissionDenied: code_pb2.PERMISSION_DENIED,
    errors.FailedPrecondition: code_pb2.FAILED_PRECONDITION,
    errors.ResourceExhausted: code_pb2.RESOURCE_EXHAUSTED,
    errors.Unavailable: code_pb2.UNAVAILABLE,
    errors.DeadlineExceeded: code_pb2.DEADLINE_EXCEEDED,
    errors.Cancelled: code_pb2.CANCELLED,
    errors.Unimplemented: code_pb2.UNIMPLEMENTED,
    errors.DataLoss: code_pb2.DATA_LOSS,
}


def _code_of(error: errors.FootlightError) -> int:
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


UNREADABLE = object()
"""Stands for a request that could not be read; see `tolerant`."""

_STATUS = {code.value[0]: code for code in grpc.StatusCode}


def status_name(error: errors.FootlightError) -> str:
    """gRPC's name for the kind of an error, such as UNAUTHENTICATED."""
    return _STATUS[_code_of(error)].name


Handler = Callable[[Any, Any], Any]
Look = Callable[[errors.NotFound], Awaitable[bool]]
"""Looks whether something that this server does not know is known to another one, and makes it known here."""


def status_of(error: errors.FootlightError) -> status_pb2.Status:
    """The google.rpc.Status of an error that callers are told about."""
    metadata = {name: _short(value) for name, value in error.metadata.items()}
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)]
    if isinstance(error, errors.InvalidArgument):
        field, description = _short(error.field), _short(error.description)
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if (seconds := _retry_after(error)) is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(seconds * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return status_pb2.Status(code=_code_of(error), message=_short(error.message), details=[_packed(d) for d in details])


def _retry_after(fault: Exception) -> float | None:
    return fault.retry_after if isinstance(fault, errors.ResourceExhausted | errors.Unavailable) else None


def _short(text: str) -> str:
    """The text, or the beginning of it where it would not fit into the trailing metadata of a call (8 KiB)."""
    data = text.encode()
    return text if len(data) <= LONGEST_TEXT else data[: LONGEST_TEXT - 4].decode(errors="ignore") + " ..."


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _unknown(fault: Exception) -> status_pb2.Status:
    error_id = secrets.token_hex(8)
    log.error("fault %s", error_id, exc_info=fault)
    whose = fault.whose if isinstance(fault, EngineFault) else None
    metadata = {"error_id": error_id, **(whose.names if whose else {})}
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata=metadata)
    what = f"{whose} did something wrong" if whose else "something went wrong in the server"
    message = _short(f"{what}; the server's log has the cause under {error_id}")
    return status_pb2.Status(code=code_pb2.INTERNAL, message=message, details=[_packed(info)])


def _translated(fault: Exception) -> status_pb2.Status:
    if isinstance(fault, errors.FootlightError):
        return status_of(fault)
    if isinstance(fault, DecodeError):  # a message of a stream: it is read where the service waits for it
        return status_of(_unreadable())
    if isinstance(fault, CallEnded | TimeoutError):
        return status_of(errors.DeadlineExceeded(str(fault) or "the deadline has passed"))
    return _unknown(fault)


def _unreadable() -> errors.InvalidArgument:
    return errors.InvalidArgument("request", "must be the RPC's message in the wire format of protobuf")


def tolerant(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Read a request, or answer UNREADABLE: what raises in there is UNKNOWN to the caller, and in the log each time."""

    def tolerated(data: bytes) -> Any:
        try:
            return read(data)
        except DecodeError:
            return UNREADABLE

    return tolerated


async def _abort(context: grpc.aio.ServicerContext[Any, Any], fault: Exception) -> None:
    status = _translated(fault)
    trailing: tuple[tuple[str, str | bytes], ...] = (("grpc-status-details-bin", status.SerializeToString()),)
    if (seconds := _retry_after(fault)) is not None:
        trailing += (("grpc-retry-pushback-ms", str(round(seconds * 1000))),)
    if (noted := NOTED.get()) is not None:
        noted.code = _STATUS[status.code].name
        trailing += ((REQUEST_ID, noted.request_id),)
    await context.abort(_STATUS[status.code], status.message, trailing_metadata=trailing)


def _is_abort(fault: Exception) -> bool:
    return isinstance(fault, grpc.aio.AbortError)


async def _nothing_new(_: errors.NotFound) -> bool:
    return False


def _guarded(behaviour: Handler, look: Look = _nothing_new) -> Handler:
    async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            if request is UNREADABLE:
                raise _unreadable()
            return await behaviour(request, context)
        except asyncio.CancelledError:
            raise
        except Exception as fault:
            if _is_abort(fault):
                raise
            if isinstance(fault, errors.NotFound) and await look(fault):
                return await _guarded(behaviour)(request, context)
            await _abort(context, fault)

    return guarded


def _guarded_stream(behaviour: Handler, look: Look = _nothing_new) -> Handler:
    async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        begun = False
        try:
            if request is UNREADABLE:
                raise _unreadable()
            async for response in behaviour(request, context):
                begun = True
                yield response
            return
        except asyncio.CancelledError:
            raise
        except Exception as fault:
            if _is_abort(fault):
                raise
            if begun or not isinstance(fault, errors.NotFound) or not await look(fault):
                await _abort(context, fault)
        async for response in _guarded_stream(behaviour)(request, context):
            yield response

    return guarded


def refusing(fault: errors.FootlightError) -> grpc.RpcMethodHandler[Any, Any]:
    """A handler of any method that reads nothing and answers the error."""

    async def refuse(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        if (noted := NOTED.get()) is not None:
            noted.peer = _host(context.peer())
        await _abort(context, fault)

    return grpc.stream_unary_rpc_method_handler(refuse)


def _host(peer: str) -> str:
    """The address in "ipv4:127.0.0.1:4711" or "ipv6:[::1]:4711": the port is another one with each connection."""
    return peer.partition(":")[2].rpartition(":")[0]


def guarded(behaviour: Handler, look: Look = _nothing_new) -> Handler:
    """The behaviour of one method, guarded."""
    wrap = _guarded_stream if inspect.isasyncgenfunction(behaviour) else _guarded
    return wrap(behaviour, look)


def guard(service: object, descriptor: ServiceDescriptor, look: Look = _nothing_new) -> None:
    """Guard every RPC of a service, once and for all: an interceptor would be asked again at every call.

    A call that did not find something is made a second time where ``look`` says that it is there after all. One whose
    requests are a stream is not: they have been read.
    """
    for method in descriptor.methods:
        behaviour = getattr(service, method.name)
        again = _nothing_new if method.client_streaming else look
        setattr(service, method.name, guarded(behaviour, again))

"""Counts, times and notes every RPC, whatever becomes of it. Outermost around a service's methods: faults have their
status here already.

The caller's `x-request-id` goes back in the trailing metadata. Nobody who sent none gets a new one with an answer: to
write metadata costs every call. With a refusal it goes to everybody, for whoever asks what went wrong.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from footlight_server.services.asking import CALLER, METADATA
from footlight_server.telemetry.access_log import AccessLog, Call
from footlight_server.telemetry.calls import NOTED, REQUEST_ID, Noted, heard
from footlight_server.telemetry.meters import method_meter
from footlight_server.telemetry.spans import tracing

Handler = Callable[[Any, Any], Any]
Context = grpc.aio.ServicerContext[Any, Any]


class Observer:
    """What is done at the begin and the end of the calls of one RPC."""

    def __init__(self, method: MethodDescriptor, access_log: AccessLog | None) -> None:
        self._name = f"{method.containing_service.full_name}/{method.name}"
        self._meter = method_meter(self._name)
        self._access_log = access_log
        self._tracing = tracing(self._name)
        self._decides = "decision_id" in method.output_type.fields_by_name and not method.server_streaming
        self._personal = "user_id" in method.input_type.fields_by_name and not method.client_streaming

    def begin(self, request: Any) -> tuple[Noted, Any]:
        """A call has come in."""
        noted = NOTED.get()  # the gate's, but where there is none, or it was of a call before
        if noted is None or noted.begun:
            noted = heard(METADATA.get())
        noted.begun = True
        noted.started = time.perf_counter()
        caller = CALLER.get()
        noted.subject, noted.tenant = caller.subject, caller.tenant
        if self._personal:
            noted.user = getattr(request, "user_id", "")
        NOTED.set(noted)
        self._meter.in_flight += 1
        return noted, None if self._tracing is None else self._tracing.start(noted)

    def end(self, begun: tuple[Noted, Any], code: str, answer: Any = None, messages: int = 0) -> None:
        """It has come to its end."""
        noted, span = begun
        seconds = time.perf_counter() - noted.started
        self._meter.ended(code, seconds)
        self._meter.messages += messages
        if self._tracing is not None:
            self._tracing.end(span, code, noted)
        if self._access_log is not None:
            decision = _decision(answer) if self._decides and answer is not None else None
            self._access_log.add(Call(time.time(), self._name, code, seconds, noted, decision, messages))


def _decision(answer: Any) -> Callable[[], str]:
    """Finds the decision id of an answer, later: whoever writes the line has more time than whoever answers."""
    if not isinstance(answer, bytes):
        return lambda: str(answer.decision_id)
    head = answer[:256]  # it is written first: see `convert.encoding`
    return lambda: head[2 : 2 + head[1]].decode(errors="replace") if head[:1] == b"\x0a" else ""


def _code(context: Context, noted: Noted, fault: BaseException) -> str:
    if noted.code or not isinstance(fault, asyncio.CancelledError | GeneratorExit):
        return noted.code or "UNKNOWN"
    remaining = context.time_remaining()
    return "CANCELLED" if remaining is None or remaining > 0 else "DEADLINE_EXCEEDED"


def _observed(behaviour: Handler, observer: Observer) -> Handler:
    async def observed(request: Any, context: Context) -> Any:
        begun = observer.begin(request)
        try:
            answer = await behaviour(request, context)
        except BaseException as fault:
            observer.end(begun, _code(context, begun[0], fault), messages=begun[0].messages)
            raise
        if begun[0].echoed:
            context.set_trailing_metadata(((REQUEST_ID, begun[0].request_id),))
        observer.end(begun, "OK", answer, begun[0].messages)
        return answer

    return observed


def _observed_stream(behaviour: Handler, observer: Observer) -> Handler:
    async def observed(request: Any, context: Context) -> AsyncIterator[Any]:
        begun, messages = observer.begin(request), 0
        try:
            async for answer in behaviour(request, context):
                messages += 1
                yield answer
        except BaseException as fault:
            observer.end(begun, _code(context, begun[0], fault), messages=messages)
            raise
        if begun[0].echoed:
            context.set_trailing_metadata(((REQUEST_ID, begun[0].request_id),))
        observer.end(begun, "OK", messages=messages)

    return observed


def observe(service: object, descriptor: ServiceDescriptor, access_log: AccessLog | None) -> None:
    """Observe every RPC of a service, once and for all, after `faults.guard`."""
    for method in descriptor.methods:
        behaviour = getattr(service, method.name)
        wrap = _observed_stream if inspect.isasyncgenfunction(behaviour) else _observed
        setattr(service, method.name, wrap(behaviour, Observer(method, access_log)))

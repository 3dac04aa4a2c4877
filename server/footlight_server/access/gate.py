"""The one handler that gRPC asks for every call: who calls, may they come in, and which tenant's services answer.

It is asked before a message is read, so nothing of a call that is refused is ever parsed. A call that comes to its end
before a service has heard of it is written down here: it was refused, or its message never came whole.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

import grpc

from footlight_server.access.keyring import Keyring
from footlight_server.errors import FootlightError, Unimplemented
from footlight_server.services.asking import CALLER, METADATA
from footlight_server.services.faults import refusing, status_name
from footlight_server.services.routes import Handler
from footlight_server.telemetry.access_log import AccessLog, Call
from footlight_server.telemetry.calls import NOTED, Noted, heard
from footlight_server.telemetry.meters import method_meter
from footlight_server.tenancy.tenants import Tenants

UNREAD = "UNREAD"
"""Stands for a status where gRPC has none to tell: the message was too long (its caller gets RESOURCE_EXHAUSTED), or the
caller left before all of it was there."""
OTHER = "_OTHER"
"""The method of a call to none, in metrics: OpenTelemetry's name for it."""


class Gate(grpc.GenericRpcHandler):
    """Stands before the services of all tenants."""

    def __init__(self, keyring: Keyring, tenants: Tenants, access_log: AccessLog | None = None) -> None:
        self._keyring = keyring
        self._tenants = tenants
        self._access_log = access_log

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """The handler of a call; None where nobody knows its method."""
        metadata, method = handler_call_details.invocation_metadata or (), handler_call_details.method
        noted = heard(metadata)
        NOTED.set(noted)
        try:
            caller = self._keyring.identify(metadata)
        except FootlightError as refused:
            self._count(method, refused)
            self._watch(method, noted)
            return refusing(refused)
        CALLER.set(caller)  # gRPC answers each call in a task of its own, which this is
        METADATA.set(metadata)
        handler = self._tenants.handler(caller.tenant, method)
        if handler is not None:
            noted.subject, noted.tenant = caller.subject, caller.tenant
            self._watch(method, noted)
        return handler

    def refuse_unknown(self, method: str) -> Handler:
        """The handler of a call to a method that nobody knows."""
        if (noted := NOTED.get()) is not None:
            self._watch(method, noted)
        method_meter(OTHER).refused("UNIMPLEMENTED")
        return refusing(Unimplemented(f"there is no method {method}"))

    def _count(self, method: str, refused: FootlightError) -> None:
        """A call that was refused here reaches no service that would count it."""
        if self._tenants.first.routes.get(method) is not None:
            method_meter(method.removeprefix("/")).refused(status_name(refused))

    def _watch(self, method: str, noted: Noted) -> None:
        """Write the call down when it ends, where no service does."""
        if self._access_log is not None and (task := asyncio.current_task()) is not None:
            task.add_done_callback(partial(self._ended, self._access_log, method, noted))

    def _ended(self, access_log: AccessLog, method: str, noted: Noted, _: asyncio.Task[object]) -> None:
        if not noted.begun:
            seconds = time.perf_counter() - noted.started
            name, code = method.removeprefix("/"), noted.code or UNREAD
            access_log.add(Call(time.time(), name, code, seconds, noted, None, 0))


class LastResort(grpc.GenericRpcHandler):
    """Asked after all others, who do not know the method."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        """A handler that refuses the call."""
        return self._gate.refuse_unknown(handler_call_details.method)

"""The one handler that gRPC asks for every call: who calls, may they come in, and which tenant's services answer.

It is asked before a message is read, so nothing of a call that is refused is ever parsed.
"""

from __future__ import annotations

import grpc

from footlight_server.access.keyring import Keyring
from footlight_server.errors import FootlightError
from footlight_server.services.asking import CALLER, METADATA
from footlight_server.services.faults import refusing, status_name
from footlight_server.services.routes import Handler
from footlight_server.telemetry.meters import method_meter
from footlight_server.tenancy.tenants import Tenants


class Gate(grpc.GenericRpcHandler):
    """Stands before the services of all tenants."""

    def __init__(self, keyring: Keyring, tenants: Tenants) -> None:
        self._keyring = keyring
        self._tenants = tenants

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """The handler of a call; None where nobody knows its method."""
        metadata = handler_call_details.invocation_metadata or ()
        try:
            caller = self._keyring.identify(metadata)
        except FootlightError as refused:
            self._count(handler_call_details.method, refused)
            return refusing(refused)
        CALLER.set(caller)  # gRPC answers each call in a task of its own, which this is
        METADATA.set(metadata)
        return self._tenants.handler(caller.tenant, handler_call_details.method)

    def _count(self, method: str, refused: FootlightError) -> None:
        """A call that was refused here reaches no service that would count it; nor does it get a line in the log."""
        if self._tenants.first.routes.get(method) is not None:
            method_meter(method.removeprefix("/")).refused(status_name(refused))

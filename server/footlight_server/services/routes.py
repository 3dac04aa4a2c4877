"""All RPCs of the server in one table.

gRPC asks the handlers of one service after the other which of them knows a method, at every call; with seven services
that costs as much as a tenth of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias, cast

import grpc

from footlight_server.services.faults import tolerant

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # grpc's own class takes no parameters


class Routes:
    """Stands in for the server while services are added to it, and knows their methods then."""

    def __init__(self, encoded: Collection[str] = ()) -> None:
        """``encoded`` names the unary methods, "/package.Service/Method", that answer bytes in the wire format."""
        self._encoded = encoded
        self._handlers: dict[str, Handler] = {}

    def add_generic_rpc_handlers(self, generic_rpc_handlers: object) -> None:
        """Nothing: the generated code names the same methods to `add_registered_method_handlers`."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Take over the methods of one service."""
        for name, handler in handlers.items():
            path = f"/{service}/{name}"
            self._handlers[path] = _tolerant(_without_serializer(handler) if path in self._encoded else handler)

    def get(self, method: str) -> Handler | None:
        """The handler of a method; None where nobody knows it."""
        return self._handlers.get(method)


def behaviour_of(handler: Handler) -> Callable[[Any, Any], Any]:
    """The one function of a handler that it has, of the four that there are."""
    forms = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    return next(form for form in forms if form is not None)


def _without_serializer(handler: Handler) -> Handler:
    assert handler.unary_unary is not None
    return grpc.unary_unary_rpc_method_handler(handler.unary_unary, handler.request_deserializer, None)


def _tolerant(handler: Handler) -> Handler:
    """The handler, which hears of a single request that cannot be read. A stream of them raises where it is read."""
    if handler.request_streaming or handler.request_deserializer is None:
        return handler
    return cast(Any, handler)._replace(request_deserializer=tolerant(handler.request_deserializer))  # type: ignore[no-any-return]

"""The server itself: a port, the services, the errors that a test asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import grpc

from footlight._wire import health
from footlight._wire.catalog import item_from_wire
from footlight._wire.values import from_timestamp
from footlight.errors import FootlightError
from footlight.testing.acting import Acting
from footlight.testing.catalogue import Catalogue
from footlight.testing.faults import abort
from footlight.testing.generating import Generating
from footlight.testing.recommending import Recommending
from footlight.types import Event, EventKind, Item
from footlight.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    generation_pb2_grpc,
    interaction_pb2_grpc,
    recommendation_pb2_grpc,
)


class FakeServer:
    """A server in memory, for tests; it runs from its making to `close`, or as long as its `with` block.

    Attributes:
        address: HOST:PORT, for the client.
        calls: the names of the RPCs that were made, in order.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._faults: dict[str, list[FootlightError]] = defaultdict(list)
        # What they lack is Unimplemented, which is what the generated classes answer.
        self._catalogue = Catalogue()  # type: ignore[abstract]
        self._acting = Acting()  # type: ignore[abstract]
        self._server = grpc.server(ThreadPoolExecutor(8), interceptors=[_Asked(self._fault_of)])
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(self._catalogue, self._server)
        recommending = Recommending(self._catalogue)  # type: ignore[abstract]
        recommendation_pb2_grpc.add_RecommendationServiceServicer_to_server(recommending, self._server)
        generating = Generating()  # type: ignore[abstract]
        generation_pb2_grpc.add_GenerationServiceServicer_to_server(generating, self._server)
        interaction_pb2_grpc.add_InteractionServiceServicer_to_server(self._acting, self._server)
        self._server.add_generic_rpc_handlers((_Healthy(),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    @property
    def items(self) -> list[Item]:
        """The items that were put, in the order of their first time."""
        return list(map(item_from_wire, self._catalogue.items.values()))

    @property
    def events(self) -> list[Event]:
        """The events that were recorded, in order."""
        return list(map(_event, self._catalogue.events.values()))

    @property
    def rewards(self) -> dict[str, float]:
        """The rewards that were told by decision id, summed; outcomes of `act` are not among them."""
        sums: dict[str, float] = defaultdict(float)
        for (decision, _), value in self._acting.rewards.items():
            sums[decision] += value
        return dict(sums)

    def fail(self, method: str, error: FootlightError, times: int = 1) -> None:
        """Lets the next calls of an RPC, "Recommend" for instance, end with an error: reason, field and delay go with it."""
        self._faults[method] += [error] * times

    def close(self) -> None:
        """Ends the calls that are open, and the server."""
        self._server.stop(None).wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _fault_of(self, method: str) -> FootlightError | None:
        self.calls.append(method)
        waiting = self._faults[method]
        return waiting.pop(0) if waiting else None


def _event(event: catalog_pb2.Event) -> Event:
    kind = EventKind(catalog_pb2.EventKind.Name(event.kind).removeprefix("EVENT_KIND_").lower())
    value = event.value if event.HasField("value") else None
    time = from_timestamp(event, "event_time")
    return Event(event.user_id, event.item_id, kind, value, time, event.event_id, event.decision_id)


class _Asked(grpc.ServerInterceptor):
    """Notes each call, and ends it where a test asked for that."""

    def __init__(self, fault_of: Callable[[str], FootlightError | None]) -> None:
        self._fault_of = fault_of

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler_call_details.method == health.METHOD:
            return handler
        error = self._fault_of(handler_call_details.method.rpartition("/")[2])
        if error is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(lambda _, context: abort(context, error))


class _Healthy(grpc.GenericRpcHandler):
    """Says that it serves."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        if handler_call_details.method != health.METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda *_: health.SERVING)

"""Handlers of a tenant that is not at work yet: whoever calls first waits until it is."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from footlight_server.services.faults import guarded
from footlight_server.services.routes import Handler, behaviour_of

Find = Callable[[], Awaitable[Handler]]


def postponed(like: Handler, find: Find) -> Handler:
    """A handler of the same form as ``like`` that finds the one to ask when it is called."""

    async def answer(request: Any, context: Any) -> Any:
        return await behaviour_of(await find())(request, context)

    async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
        async for response in behaviour_of(await find())(request, context):
            yield response

    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[like.request_streaming, like.response_streaming]
    generates = inspect.isasyncgenfunction(behaviour_of(like))
    return make(guarded(stream if generates else answer), like.request_deserializer, like.response_serializer)

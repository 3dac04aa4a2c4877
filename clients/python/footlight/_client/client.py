"""`Client` and `AsyncClient`, put together from the services."""

from __future__ import annotations

from footlight._client.agents import AgentMethods, AsyncAgentMethods
from footlight._client.catalog import AsyncCatalogMethods, CatalogMethods
from footlight._client.conversation import AsyncConversationMethods, ConversationMethods
from footlight._client.engine import AsyncEngineMethods, EngineMethods
from footlight._client.generation import AsyncGenerationMethods, GenerationMethods
from footlight._client.interaction import AsyncInteractionMethods, InteractionMethods
from footlight._client.recommendation import AsyncRecommendationMethods, RecommendationMethods


class Client(
    CatalogMethods,
    RecommendationMethods,
    GenerationMethods,
    InteractionMethods,
    AgentMethods,
    ConversationMethods,
    EngineMethods,
):
    """A Footlight server, called from any thread.

    Every call has a deadline (`timeout`, in seconds; the client's own where it is None) and raises a FootlightError.

        with footlight.Client("localhost:7007") as client:
            for item in client.recommend("ada", count=3):
                print(item.item_id, item.score)
    """


class AsyncClient(
    AsyncCatalogMethods,
    AsyncRecommendationMethods,
    AsyncGenerationMethods,
    AsyncInteractionMethods,
    AsyncAgentMethods,
    AsyncConversationMethods,
    AsyncEngineMethods,
):
    """A Footlight server, called from an event loop: the methods of `Client`, awaited.

    async with footlight.AsyncClient("localhost:7007") as client:
        answer = await client.recommend("ada", count=3)
        async for asset in client.generate(4):
            asset.save("out")
    """


def _share_docstrings() -> None:
    """The twins do the same, so the words are written once."""
    for part in AsyncClient.__mro__:
        for name, method in vars(part).items():
            twin = getattr(Client, name, None)
            if not name.startswith("_") and callable(method) and not method.__doc__ and twin is not None:
                method.__doc__ = twin.__doc__


_share_docstrings()

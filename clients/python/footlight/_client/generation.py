"""Corpora and generated assets, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import generation as wire
from footlight._wire.upload import upload_corpus
from footlight.errors import InternalError
from footlight.types import Asset, Corpus


class GenerationMethods(SyncCalls):
    """Generate, and the corpora that generators learn from."""

    def upload_corpus(
        self,
        name: str,
        source: str | Path | Mapping[str, bytes],
        *,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> Corpus:
        """Uploads files to learn from. The same files give the same corpus id.

        Args:
            name: what you call the corpus.
            source: a folder (files whose name starts with a dot are left out), one file, or bytes by path.
            on_progress: called with the bytes sent and the bytes in all, from another thread.
            timeout: seconds; ten minutes unless said.

        Raises:
            FileNotFoundError: there is nothing at the path.
            ValueError: there is no file, or a file is empty.
            InvalidArgument: a path is wrong, or a file changed while it was read; nothing was stored.
        """
        return self._upload(upload_corpus(name, source, on_progress), timeout)

    def corpora(self, *, timeout: float | None = None) -> Iterator[Corpus]:
        """What was uploaded, newest first."""
        return self._pages(wire.list_corpora, timeout)

    def delete_corpus(self, corpus_id: str, *, timeout: float | None = None) -> None:
        """Removes a corpus; models that learned from it stay. Raises NotFound."""
        self._run(wire.delete_corpus(corpus_id), timeout)

    def generate(
        self,
        count: int = 1,
        *,
        deployment: str = "",
        seed: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> Iterator[Asset]:
        """Makes assets and gives each as it is done. Starts when iterated; to stop early, stop iterating.

        Args:
            count: how many, 1 to 1,000.
            deployment: which one makes them; empty means the best that can.
            seed: of the first asset; asset i is made from seed + i. None means that the server draws one.
            on_progress: called with how many are done and how many will come.
            timeout: seconds for all of them; ten minutes unless said.

        Raises:
            NotFound: there is no such deployment.
            FailedPrecondition: the deployment was never trained.
        """
        return self._stream(wire.generate(deployment, count, seed, on_progress), timeout)

    def get_asset(self, asset_id: str, *, timeout: float | None = None) -> Asset:
        """An asset made before, with its bytes. Raises NotFound."""
        for asset in self._stream(wire.get_asset(asset_id), timeout):
            return asset
        raise _cut_short(asset_id)


class AsyncGenerationMethods(AsyncCalls):
    """Generate, and the corpora that generators learn from."""

    async def upload_corpus(
        self,
        name: str,
        source: str | Path | Mapping[str, bytes],
        *,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> Corpus:
        call = await asyncio.to_thread(upload_corpus, name, source, on_progress)
        return await self._upload(call, timeout)

    def corpora(self, *, timeout: float | None = None) -> AsyncIterator[Corpus]:
        return self._pages(wire.list_corpora, timeout)

    async def delete_corpus(self, corpus_id: str, *, timeout: float | None = None) -> None:
        await self._run(wire.delete_corpus(corpus_id), timeout)

    def generate(
        self,
        count: int = 1,
        *,
        deployment: str = "",
        seed: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Asset]:
        return self._stream(wire.generate(deployment, count, seed, on_progress), timeout)

    async def get_asset(self, asset_id: str, *, timeout: float | None = None) -> Asset:
        async for asset in self._stream(wire.get_asset(asset_id), timeout):
            return asset
        raise _cut_short(asset_id)


def _cut_short(asset_id: str) -> InternalError:
    return InternalError(f"the server sent no complete asset {asset_id}", reason="ASSET_INCOMPLETE")

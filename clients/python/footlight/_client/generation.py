"""Corpora and generated assets, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import generation as wire
from footlight._wire.upload import upload_corpus
from footlight.types import Asset, Corpus, PublishedAsset, Rights, TracedContent, VerifiedAsset


class GenerationMethods(SyncCalls):
    """Generate, and the corpora that generators learn from."""

    def upload_corpus(
        self,
        name: str,
        source: str | Path | Mapping[str, bytes],
        *,
        rights: Rights | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> Corpus:
        """Uploads files to learn from. The same files give the same corpus id.

        Args:
            name: what you call the corpus.
            source: a folder (files whose name starts with a dot are left out), one file, or bytes by path.
            rights: what you declare about the files; assets inherit it. None leaves what was declared before.
            on_progress: called with the bytes sent and the bytes in all, from another thread.
            timeout: seconds; ten minutes unless said.

        Raises:
            FileNotFoundError: there is nothing at the path.
            ValueError: there is no file, or a file is empty.
            InvalidArgument: a path is wrong, or a file changed while it was read; nothing was stored.
        """
        return self._upload(upload_corpus(name, source, on_progress, rights), timeout)

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
        draw_label: bool = False,
        class_name: str = "",
        truncation: float = 1.0,
        toward: int | None = None,
        animate: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> Iterator[Asset]:
        """Makes assets and gives each as it is done. Starts when iterated; to stop early, stop iterating.

        Args:
            count: how many, 1 to 1,000.
            deployment: which one makes them; empty means the best that can.
            seed: of the first asset; asset i is made from seed + i. None means that the server draws one.
            draw_label: draw "AI generated" on them as well.
            class_name: what to make, where the deployment learned classes: a folder of its corpus.
            truncation: above 0 to 1: smaller is more typical and less varied.
            toward: lead from `seed` to this seed in `count` steps.
            animate: make one animation of these steps.
            on_progress: called with how many are done and how many will come.
            timeout: seconds for all of them; ten minutes unless said.

        Raises:
            NotFound: there is no such deployment.
            InvalidArgument: the deployment knows no such class, or cannot do what is wanted.
            FailedPrecondition: the deployment was never trained, or makes nothing but near-copies of its corpus.
        """
        request = wire.generate_request(deployment, count, seed, draw_label, class_name, truncation, (toward, animate))
        return self._stream(wire.generate(request, on_progress), timeout)

    def get_asset(self, asset_id: str, *, timeout: float | None = None) -> Asset:
        """An asset made before, with its bytes. Raises NotFound."""
        for asset in self._stream(wire.get_asset(asset_id), timeout):
            return asset
        raise wire.cut_short(asset_id)

    def publish_asset(
        self,
        asset_id: str,
        *,
        item_id: str = "",
        title: str = "",
        kind: str = "",
        tags: Sequence[str] = (),
        timeout: float | None = None,
    ) -> PublishedAsset:
        """Puts an asset into the catalogue, under the item id given or its own; Recommend finds it there.

        Raises NotFound.
        """
        request = wire.publish_request(asset_id, item_id, title, kind, tags)
        return self._run(wire.publish_asset(request), timeout)

    def verify_asset(
        self, data: bytes, *, sidecar: bytes = b"", media_type: str = "", timeout: float | None = None
    ) -> VerifiedAsset:
        """Tells who made these bytes, and which of label, watermark, metadata and signature survived in them.

        Args:
            data: up to 15 MiB.
            sidecar: the signature that came beside them; where empty, that of the asset is taken.
            media_type: what they are; empty means that the server looks.
        """
        return self._run(wire.verify_asset(data, sidecar, media_type), timeout)

    def trace_content(
        self, data: bytes, *, file_name: str = "", count: int = 10, timeout: float | None = None
    ) -> TracedContent:
        """Tells whether a file was in a corpus, what of the corpora is near it, and which `count` assets are nearest."""
        return self._run(wire.trace_content(data, file_name, count), timeout)


class AsyncGenerationMethods(AsyncCalls):
    """Generate, and the corpora that generators learn from."""

    async def upload_corpus(
        self,
        name: str,
        source: str | Path | Mapping[str, bytes],
        *,
        rights: Rights | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> Corpus:
        call = await asyncio.to_thread(upload_corpus, name, source, on_progress, rights)
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
        draw_label: bool = False,
        class_name: str = "",
        truncation: float = 1.0,
        toward: int | None = None,
        animate: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Asset]:
        request = wire.generate_request(deployment, count, seed, draw_label, class_name, truncation, (toward, animate))
        return self._stream(wire.generate(request, on_progress), timeout)

    async def get_asset(self, asset_id: str, *, timeout: float | None = None) -> Asset:
        async for asset in self._stream(wire.get_asset(asset_id), timeout):
            return asset
        raise wire.cut_short(asset_id)

    async def publish_asset(
        self,
        asset_id: str,
        *,
        item_id: str = "",
        title: str = "",
        kind: str = "",
        tags: Sequence[str] = (),
        timeout: float | None = None,
    ) -> PublishedAsset:
        request = wire.publish_request(asset_id, item_id, title, kind, tags)
        return await self._run(wire.publish_asset(request), timeout)

    async def verify_asset(
        self, data: bytes, *, sidecar: bytes = b"", media_type: str = "", timeout: float | None = None
    ) -> VerifiedAsset:
        return await self._run(wire.verify_asset(data, sidecar, media_type), timeout)

    async def trace_content(
        self, data: bytes, *, file_name: str = "", count: int = 10, timeout: float | None = None
    ) -> TracedContent:
        return await self._run(wire.trace_content(data, file_name, count), timeout)

"""Who made these bytes, and what are they near to: the look-up behind VerifyAsset, TraceContent and PublishAsset."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from footlight_plugins import Content, Corpus, CorpusFile, Generator, Options, Samples, Verb
from footlight_plugins.factories import EngineUnavailable, resolve_factory
from footlight_plugins.options import options_of
from footlight_plugins.stages import Mark, Nearest, Verdict
from footlight_server.corpora.assets import AssetStore
from footlight_server.corpora.records import AssetRecord
from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.generator_host import GeneratorHost, Loaded
from footlight_server.errors import FootlightError, InvalidArgument, NotFound
from footlight_server.isolation.cells import STAGE_SECONDS as SECONDS
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.records import Item
from footlight_server.log.validation import LONGEST_ID, check_count, check_id, check_text
from footlight_server.marking.asking import StageFailed, asked, is_samples_or_none
from footlight_server.marking.marking import Marking, payload_of
from footlight_server.marking.media import ending_of, media_type_of

LARGEST = 15 << 20
CLEAR = 0.6
"""A watermark that reads less clearly is noise."""
FORGIVEN_BITS = 2

SURENESS = ("sha256", "signature", "metadata", "watermark")


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in bytes."""

    media_type: str
    asset: AssetRecord | None
    found_by: tuple[str, ...]
    unchanged: bool
    signature: Verdict | None
    """None where no signature can be read here."""
    mark: Mark | None
    """None where such bytes cannot have one."""
    wrong_bits: int
    """How many of its bits differ from those of the asset; -1 where there is none to compare with."""
    metadata: Mapping[str, Any]
    nearest: Nearest | None = None
    unreadable: str = ""
    """Why no signature can be read here."""


@dataclass(frozen=True, slots=True)
class Near:
    """The training sample that a file is nearest to, of one generator."""

    deployment: str
    corpus_id: str
    nearest: Nearest


@dataclass(frozen=True, slots=True)
class Traced:
    """What a file is near to."""

    exact: Sequence[tuple[str, str]] = ()
    near: Sequence[Near] = ()
    assets: Sequence[tuple[str, float]] = field(default_factory=tuple)


class Tracing:
    """Answers VerifyAsset, TraceContent and PublishAsset."""

    def __init__(
        self,
        deployments: Deployments,
        assets: AssetStore,
        corpora: CorpusStore,
        catalogue: Catalogue,
        marking: Marking,
        policy: Policy,
    ) -> None:
        self._deployments = deployments
        self._assets = assets
        self._corpora = corpora
        self._catalogue = catalogue
        self._marking = marking
        self._policy = policy

    async def verify(self, asking: Asking, data: bytes, sidecar: bytes, media_type: str) -> Verified:
        """Who made these bytes, and which marks of it survived."""
        self._policy.check(asking, "read")
        _check_size(data)
        check_text("media_type", media_type, LONGEST_ID)
        content = Content(media_type or media_type_of(data), data)
        verified = await asyncio.to_thread(self._verify, content, sidecar)
        asset = verified.asset
        if asset is None:
            return verified
        for near in await self._near(data, ending_of(content.media_type), asset.deployment):
            return replace(verified, nearest=near.nearest)
        return verified

    def _verify(self, content: Content, sidecar: bytes) -> Verified:
        metadata = self._marking.read_metadata(content)
        found = dict(self._found(content, sidecar, metadata))
        asset = next((found[how] for how in SURENESS if how in found), None)
        verdict, unreadable = self._marking.verify(content, sidecar or (asset.sidecar if asset else b""))
        mark = self._marking.read_mark(content)
        wrong = -1
        if mark is not None and asset is not None and asset.watermark is not None:
            wrong = (mark.payload ^ asset.watermark).bit_count()
        how = tuple(name for name in SURENESS if name in found and found[name].asset_id == (asset and asset.asset_id))
        unchanged = asset is not None and asset.sha256 == hashlib.sha256(content.data).digest()
        return Verified(
            content.media_type, asset, how, unchanged, verdict, mark, wrong, metadata, unreadable=unreadable
        )

    def _found(
        self, content: Content, sidecar: bytes, metadata: Mapping[str, Any]
    ) -> Iterator[tuple[str, AssetRecord]]:
        """The asset, by each way that leads to one."""
        for asset in self._assets.find(sha256=hashlib.sha256(content.data).digest()):
            yield "sha256", asset
            break
        verdict, _ = self._marking.verify(content, sidecar)
        named = {"metadata": str(metadata.get("asset_id", ""))}
        if verdict is not None and verdict.state in ("trusted", "invalid"):
            named["signature"] = verdict.asset_id
        for how, asset_id in named.items():
            if asset_id and (named_asset := self._get(asset_id)) is not None:
                yield how, named_asset
        mark = self._marking.read_mark(content)
        if mark is not None and mark.confidence >= CLEAR:
            for asset in self._assets.find(watermark=mark.payload):
                yield "watermark", asset
                break

    def _get(self, asset_id: str) -> AssetRecord | None:
        try:
            return self._assets.get(asset_id)
        except NotFound:
            return None

    async def trace(self, asking: Asking, data: bytes, file_name: str, count: int) -> Traced:
        """Was this file in a corpus, and what is near it?"""
        self._policy.check(asking, "read")
        _check_size(data)
        count = check_count("count", count, 10, 100)
        ending = Path(check_text("file_name", file_name, 1_024)).suffix or ending_of(media_type_of(data))
        exact = await asyncio.to_thread(self._corpora.files_of, hashlib.sha256(data).hexdigest())
        near = [one for deployed in self._deployments for one in await self._near(data, ending, deployed.name)]
        near.sort(key=lambda one: one.nearest.distance / (one.nearest.limit or 1.0))
        return Traced(exact, near, await self._near_assets(data, ending, count))

    async def _near(self, data: bytes, ending: str, name: str) -> list[Near]:
        """What is nearest to the file of what one generator learned from; nothing where that cannot be said."""
        loaded = await self._loaded(name)
        if loaded is None or loaded.index is None:
            return []
        return await asyncio.to_thread(self._compared, name, loaded, data, ending)

    async def _loaded(self, name: str) -> Loaded | None:
        try:
            host = self._deployments.resolve(name, Verb.GENERATE).host
        except FootlightError:
            return None
        if not isinstance(host, GeneratorHost) or not host.version:
            return None
        try:
            return await host.loaded()
        except FootlightError:
            return None

    def _compared(self, name: str, loaded: Loaded, data: bytes, ending: str) -> list[Near]:
        found = []
        for content in self._samples(loaded, data, ending):
            try:
                nearest = self._marking.nearest(loaded.index, loaded.stage, content)
            except ValueError:  # of another shape
                continue
            if nearest is not None:
                found.append(Near(name, loaded.manifest.corpus_id, nearest))
        return sorted(found, key=lambda near: near.nearest.distance)[:1]

    def _samples(self, loaded: Loaded, data: bytes, ending: str) -> list[Content]:
        """The file as the engine would learn from it: the samples in it, at most 64."""
        spec = self._deployments.plugins.engines[loaded.manifest.engine]
        called = f"engine {spec.name!r}"
        samples = _read(called, lambda: _engine(spec, loaded.manifest.options), data, ending)
        return [] if samples is None else [Content("", b"", sample=one) for one in samples.train[:64]]

    async def _near_assets(self, data: bytes, ending: str, count: int) -> list[tuple[str, float]]:
        same = await asyncio.to_thread(partial(self._assets.find, sha256=hashlib.sha256(data).digest()))
        best: dict[str, float] = {asset.asset_id: 0.0 for asset in same}
        ids, prints = await asyncio.to_thread(self._assets.fingerprints)
        for deployed in self._deployments:
            loaded = await self._loaded(deployed.name)
            if loaded is not None and ids:
                contents = await asyncio.to_thread(self._samples, loaded, data, ending)
                for content in contents:
                    mine = self._marking.fingerprint(loaded.domain, content)
                    for asset_id, distance in _distances(mine, ids, prints):
                        best[asset_id] = min(best.get(asset_id, np.inf), distance)
        return sorted(best.items(), key=lambda pair: pair[1])[:count]

    async def publish(self, asking: Asking, asset_id: str, item: Item) -> tuple[str, bool]:
        """Put an asset into the catalogue: the item's id, and whether it is new."""
        self._policy.check(asking, "write")
        asset = await asyncio.to_thread(self._assets.get, check_id("asset_id", asset_id))
        attributes = {
            "asset_id": asset.asset_id,
            "media_type": asset.media_type,
            "generated": True,
            "label": asset.provenance.get("label", {}),
            "rights": asset.provenance.get("rights", {}),
        }
        item = replace(item, item_id=item.item_id or asset_id, kind=item.kind or "asset", attributes=attributes)
        created, _ = await self._catalogue.put([item])
        return item.item_id, bool(created)


def expected_mark(asset: AssetRecord, bits: int) -> int:
    """What the watermark of an asset says, if it has one."""
    return payload_of(asset.asset_id, bits)


def _check_size(data: bytes) -> None:
    if not 1 <= len(data) <= LARGEST:
        raise InvalidArgument("data", f"must have 1 byte to {LARGEST >> 20} MiB, not {len(data):,} bytes")


def _engine(spec: Any, options: Mapping[str, Any]) -> Generator:
    engine_class = resolve_factory(spec)
    make = cast(Callable[[Options], Generator], engine_class)
    return make(options_of(engine_class, options))


def _read(called: str, make: Callable[[], Generator], data: bytes, ending: str) -> Samples | None:
    """The samples in one file; None where the engine cannot read it."""
    with tempfile.TemporaryDirectory() as folder:
        location = Path(folder) / "asked"
        location.write_bytes(data)
        corpus = Corpus((CorpusFile(f"asked{ending}", location),))
        try:
            found: Samples | None = asked(called, SECONDS, partial(_sampled, make, corpus), is_samples_or_none)
        except StageFailed:
            return None
        return found


def _sampled(make: Callable[[], Generator], corpus: Corpus) -> Samples | None:
    try:
        return make().samples(corpus)
    except (EngineUnavailable, OSError):
        return None


def _distances(mine: bytes, ids: Sequence[str], prints: Sequence[bytes]) -> list[tuple[str, float]]:
    """Root mean squares to the fingerprints of the same length."""
    same = [place for place, other in enumerate(prints) if mine and len(other) == len(mine)]
    if not same:
        return []
    rows = np.frombuffer(b"".join(prints[place] for place in same), np.uint8).reshape(len(same), -1).astype(np.float32)
    distances = np.sqrt(((rows - np.frombuffer(mine, np.uint8)) ** 2).mean(1))
    return [(ids[place], float(distance)) for place, distance in zip(same, distances, strict=True)]

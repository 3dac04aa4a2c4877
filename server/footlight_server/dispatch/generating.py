"""New assets: made in chunks, stored before they are answered."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np

from footlight_plugins import Content, Verb
from footlight_server.corpora.assets import AssetStore
from footlight_server.corpora.records import AssetRecord
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.generator_host import GeneratorHost
from footlight_server.log.decisions import DecisionLog
from footlight_server.log.records import NOBODY, Decision, now
from footlight_server.log.validation import check_count, check_id, chosen_seed

CHUNK = 16
"""How many assets are made between two looks at the deadline."""


@dataclass(frozen=True, slots=True)
class Started:
    """What will be made, and how to make it again."""

    decision_id: str
    deployment: str
    model_version: int
    seed: int
    count: int


@dataclass(frozen=True, slots=True)
class Made:
    """One finished asset."""

    asset: AssetRecord
    data: bytes


class Generating:
    """Answers Generate and GetAsset."""

    def __init__(self, deployments: Deployments, assets: AssetStore, decisions: DecisionLog, policy: Policy) -> None:
        self._deployments = deployments
        self._assets = assets
        self._decisions = decisions
        self._policy = policy
        self._run = secrets.token_hex(8)
        self._count = itertools.count()

    async def generate(
        self, asking: Asking, deployment: str, count: int, seed: int | None
    ) -> AsyncIterator[Started | Made]:
        """Make assets: first what was started, then each asset as it is finished."""
        self._policy.check(asking, "read")
        count = check_count("count", count, 1, 1_000)
        first = chosen_seed("seed", seed)
        host = self._deployments.resolve(deployment, Verb.GENERATE).host
        assert isinstance(host, GeneratorHost)
        with host.admission.enter(asking):
            async with asyncio.timeout(asking.remaining):
                await host.engine()  # loaded now, so that its version is known
            started = Started(f"g-{self._run}-{next(self._count):x}", host.name, host.version, first, count)
            self._record(started)
            yield started
            for start in range(first, first + count, CHUNK):
                seeds = np.arange(start, min(start + CHUNK, first + count), dtype=np.int64)
                asking.call.check()
                contents = await host.generate(seeds, asking.call)
                for asset_seed, content in zip(seeds.tolist(), contents, strict=True):
                    yield await self._stored(started, asset_seed, content)

    async def _stored(self, started: Started, seed: int, content: Content) -> Made:
        asset = AssetRecord(
            asset_id=f"{started.decision_id}-{seed - started.seed}",
            decision_id=started.decision_id,
            deployment=started.deployment,
            model_version=started.model_version,
            seed=seed,
            media_type=content.media_type,
            attributes=dict(content.attributes),
            create_time=now(),
        )
        return Made(await self._assets.save(asset, content.data), content.data)

    def _record(self, started: Started) -> None:
        self._decisions.record(
            Decision(
                started.decision_id,
                "generate",
                started.deployment,
                started.model_version,
                0,
                NOBODY,
                started.seed,
                started.count.to_bytes(4, "little"),
                now(),
            )
        )

    async def get_asset(self, asking: Asking, asset_id: str) -> Made:
        """Read an asset again."""
        self._policy.check(asking, "read")
        return await asyncio.to_thread(self._read, check_id("asset_id", asset_id))

    def _read(self, asset_id: str) -> Made:
        asset = self._assets.get(asset_id)
        return Made(asset, self._assets.read(asset))

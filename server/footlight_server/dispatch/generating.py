"""New assets: made in chunks, checked, marked, and stored before they are answered."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Any

import numpy as np

from footlight_plugins import Content, Verb, Wish
from footlight_plugins.stages import Nearest, Origin
from footlight_server.corpora.assets import AssetStore
from footlight_server.corpora.records import AssetRecord, Rights
from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.generator_host import ANYTHING, GeneratorHost, Loaded
from footlight_server.errors import FailedPrecondition, InvalidArgument, NotFound
from footlight_server.log.decisions import DecisionLog
from footlight_server.log.records import NOBODY, Decision, now
from footlight_server.log.validation import check_count, check_id, check_number, check_text, chosen_seed
from footlight_server.marking.marking import Marked, Marking

CHUNK = 16
"""How many assets are made between two looks at the deadline."""

MOST_REDRAWS = 16
"""So often a near-copy is drawn again before the call is given up: the model knows nothing but its corpus."""

RIGHTS_SECONDS = 1.0
"""A declaration is read again when it is older."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    deployment: str = ""
    count: int = 0
    seed: int | None = None
    draw_label: bool = False
    wish: Wish = ANYTHING
    toward: int | None = None
    """The seed at the other end of an interpolation."""
    animate: bool = False


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


@dataclass(slots=True)
class _Drawn:
    """One piece of content on its way."""

    seed: int
    content: Content
    content_seed: int
    nearest: Nearest | None = None
    redraws: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """One call at work."""

    started: Started
    request: Request
    loaded: Loaded
    host: GeneratorHost
    rights: Rights = field(default_factory=Rights)


class Generating:
    """Answers Generate and GetAsset."""

    def __init__(
        self,
        deployments: Deployments,
        assets: AssetStore,
        corpora: CorpusStore,
        decisions: DecisionLog,
        marking: Marking,
        producer: str,
        policy: Policy,
    ) -> None:
        self._deployments = deployments
        self._assets = assets
        self._corpora = corpora
        self._decisions = decisions
        self._marking = marking
        self._producer = producer
        self._policy = policy
        self._declared: dict[str, tuple[Rights, float]] = {}
        self._run = secrets.token_hex(8)
        self._count = itertools.count()

    async def generate(self, asking: Asking, request: Request) -> AsyncIterator[Started | Made]:
        """Make assets: first what was started, then each asset as it is finished."""
        self._policy.check(asking, "read")
        request, first = _checked(request)
        host = self._deployments.resolve(request.deployment, Verb.GENERATE).host
        assert isinstance(host, GeneratorHost)
        with host.admission.enter(asking):
            async with asyncio.timeout(asking.remaining):
                loaded = await host.loaded()  # now, so that its version is known
            due = 1 if request.animate else request.count
            decision_id = f"g-{self._run}-{next(self._count):x}"
            started = Started(decision_id, host.name, loaded.manifest.version, first, due)
            self._record(started)
            yield started
            run = _Run(started, request, loaded, host, self._rights(loaded.manifest.corpus_id))
            chunks = self._led(run, asking) if request.toward is not None else self._drawn(run, asking)
            async for chunk in chunks:
                for made in await self._finished(run, chunk):
                    yield made

    async def _drawn(self, run: _Run, asking: Asking) -> AsyncIterator[list[_Drawn]]:
        """Content by seeds, in chunks; near-copies of the corpus are drawn again."""
        first, count = run.started.seed, run.started.count
        for start in range(first, first + count, CHUNK):
            seeds = list(range(start, min(start + CHUNK, first + count)))
            asking.call.check()
            contents = await run.host.generate(np.array(seeds, np.int64), asking.call, run.request.wish)
            drawn = [_Drawn(seed, content, seed) for seed, content in zip(seeds, contents, strict=True)]
            await self._redrawn(run, asking, drawn)
            yield drawn

    async def _redrawn(self, run: _Run, asking: Asking, drawn: Sequence[_Drawn]) -> None:
        """Draw again until nothing is a near-copy."""
        if not self._marking.compares(run.loaded.index, run.loaded.stage):
            return
        suspects = list(drawn)
        for _ in range(MOST_REDRAWS + 1):
            await self._look(run, suspects)
            suspects = [one for one in suspects if one.nearest is not None and one.nearest.copied]
            if not suspects:
                return
            for one in suspects:
                one.redraws += 1
                one.content_seed = next_seed(one.seed, one.redraws)
            asking.call.check()
            seeds = np.array([one.content_seed for one in suspects], np.int64)
            contents = await run.host.generate(seeds, asking.call, run.request.wish)
            for one, content in zip(suspects, contents, strict=True):
                one.content = content
        raise FailedPrecondition(
            f"{run.host.name!r} version {run.started.model_version} makes little but near-copies of its corpus: "
            f"seed {suspects[0].seed} gave {MOST_REDRAWS} of them; train it on more samples, or for fewer steps",
            reason="ONLY_COPIES",
        )

    async def _look(self, run: _Run, drawn: Sequence[_Drawn]) -> None:
        """Find what each is nearest to."""
        try:
            await asyncio.to_thread(self._compare, run.loaded, drawn)
        except ValueError as wrong:  # what the engine has made has not the shape of what it learned from
            fault = EngineFault(f"engine {run.host.spec.name!r} made a sample of another shape: {wrong}")
            run.host.care.fault(fault)
            raise fault from wrong

    def _compare(self, loaded: Loaded, drawn: Sequence[_Drawn]) -> None:
        for one in drawn:
            one.nearest = self._marking.nearest(loaded.index, loaded.stage, one.content)

    async def _led(self, run: _Run, asking: Asking) -> AsyncIterator[list[_Drawn]]:
        """Content on the way from one seed to another. What lies too near to the corpus is left out of no animation, but
        refused: the way leads where it leads."""
        request, first = run.request, run.started.seed
        assert request.toward is not None
        shares = np.linspace(0, 1, request.count)
        ends = (first, request.toward)
        contents = await run.host.interpolate(ends, shares, request.wish, request.animate, asking.call)
        drawn = [_Drawn(first, content, first) for content in contents]
        await self._look(run, drawn)
        if any(one.nearest is not None and one.nearest.copied for one in drawn):
            raise FailedPrecondition(
                f"the way from seed {first} to {request.toward} comes too near to the corpus: choose other seeds",
                reason="ONLY_COPIES",
            )
        yield drawn

    async def _finished(self, run: _Run, drawn: Sequence[_Drawn]) -> list[Made]:
        """Marked and stored."""
        done = await asyncio.to_thread(self._written, run, drawn)
        await self._assets.add(*(made.asset for made in done))
        return done

    def _written(self, run: _Run, drawn: Sequence[_Drawn]) -> list[Made]:
        """Marked, and the bytes on the disk: what takes a thread, in one go."""
        marked = [self._marked(run, place, one) for place, one in enumerate(drawn)]
        return [Made(self._assets.write(record, data), data) for record, data in marked]

    def _marked(self, run: _Run, place: int, one: _Drawn) -> tuple[AssetRecord, bytes]:
        number = one.seed - run.started.seed + (place if run.request.toward is not None else 0)
        asset_id, made_at = f"{run.started.decision_id}-{number}", now()
        origin = self._origin(run, asset_id, one.content_seed, made_at)
        marked = self._marking.mark(one.content, origin, run.request.draw_label)
        record = AssetRecord(
            asset_id=asset_id,
            decision_id=run.started.decision_id,
            deployment=run.started.deployment,
            model_version=run.started.model_version,
            seed=one.seed,
            media_type=marked.content.media_type,
            attributes=dict(one.content.attributes),
            create_time=made_at,
            content_seed=one.content_seed,
            redraw_count=one.redraws,
            content_sha256=hashlib.sha256(one.content.data).digest(),
            corpus_id=run.loaded.manifest.corpus_id,
            provenance=_provenance(marked, one.nearest, run.rights),
            watermark=marked.payload,
            fingerprint=self._marking.fingerprint(run.loaded.domain, one.content),
            sidecar=marked.sidecar,
        )
        return record, marked.content.data

    def _origin(self, run: _Run, asset_id: str, seed: int, made_at: int) -> Origin:
        manifest = run.loaded.manifest
        return Origin(
            asset_id=asset_id,
            decision_id=run.started.decision_id,
            engine=manifest.engine,
            engine_version=manifest.engine_version,
            deployment=run.started.deployment,
            model_version=run.started.model_version,
            seed=seed,
            create_time=made_at,
            producer=self._producer,
            holder=run.rights.holder,
            licence=run.rights.licence,
        )

    def _rights(self, corpus_id: str) -> Rights:
        """What the owner of the corpus declares, as of a second ago at most; what it was where the corpus is gone."""
        known, read = self._declared.get(corpus_id, (Rights(), -inf))
        if time.monotonic() - read > RIGHTS_SECONDS:
            with suppress(NotFound):
                known = self._corpora.record(corpus_id).rights
            self._declared[corpus_id] = known, time.monotonic()
        return known

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


def next_seed(seed: int, redraws: int) -> int:
    """What is drawn instead: it follows from the seed, so that the seed alone makes the same content again."""
    digest = hashlib.sha256(f"{seed} drawn again {redraws}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 2


def _checked(request: Request) -> tuple[Request, int]:
    """The request with its defaults, and the first seed; InvalidArgument names the field that is wrong."""
    check_text("class_name", request.wish.class_name, 256)
    truncation = check_number("truncation", request.wish.truncation or 1.0, 0.0, 1.0)
    count = check_count("count", request.count, 1, 1_000)
    if request.toward is None and request.animate:
        raise InvalidArgument("animate", "needs interpolate_to_seed")
    if request.toward is not None:
        chosen_seed("interpolate_to_seed", request.toward)
        if count < 2:
            raise InvalidArgument("count", "must be at least 2 to lead from one seed to another")
    wish = replace(request.wish, truncation=truncation)
    return replace(request, count=count, wish=wish), chosen_seed("seed", request.seed)


def _provenance(marked: Marked, nearest: Nearest | None, rights: Rights) -> dict[str, Any]:
    facts = {**marked.facts, "rights": asdict(rights)}
    if nearest is not None:
        facts["originality"] = asdict(nearest)
    else:
        facts["left_out"] = {**marked.facts["left_out"], "originality": "nothing is kept to compare it with"}
    return facts

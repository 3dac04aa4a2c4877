"""Takes content through the stages, in their order. Everything here may run on any thread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from footlight_plugins import Content, Domain, Samples, State
from footlight_plugins.stages import Credentials, Mark, Nearest, Origin, Signature, Signed, StageKind, Verdict
from footlight_server.marking.asking import (
    StageFailed,
    is_content_or_none,
    is_facts,
    is_fingerprint,
    is_mark_or_none,
    is_nearest,
    is_signed,
    is_verdict,
)
from footlight_server.marking.choice import Stages
from footlight_server.marking.keys import KeysUnavailable, SigningConfig, anchors, credentials, watermark_key

T = TypeVar("T")

_CALLED = {StageKind.LABEL: "visible label"}
"""What is left out, where it is called otherwise than the stage."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An asset's bytes as they are answered, and what was done to them."""

    content: Content
    sidecar: bytes = b""
    payload: int | None = None
    """What its watermark says; None where it has none."""
    facts: dict[str, Any] = field(default_factory=dict)
    """As JSON can hold it."""


class Marking:
    """The stages at work, with the server's keys."""

    def __init__(self, stages: Stages, data_dir: Path, signing: SigningConfig) -> None:
        self.stages = stages
        self._keys = data_dir / "keys"
        self._signing = signing

    def nearest(self, index: State | None, stage: str, content: Content) -> Nearest | None:
        """The training sample that is nearest to the content; None where nothing can be compared.

        Raises
        ------
        ValueError
            When the content has another shape than what was learned from.
        """
        sample = content.sample
        if index is None or sample is None or not self.compares(index, stage):
            return None
        try:
            return self.stages.ask(StageKind.ORIGINALITY, lambda one: one.nearest(index, sample), is_nearest)
        except StageFailed as fault:
            if isinstance(fault.__cause__, ValueError):
                raise fault.__cause__ from None
            return None

    def compares(self, index: State | None, stage: str) -> bool:
        """Whether content can be compared with an index that a stage of this name made."""
        here = self.stages.originality is not None and stage == self.stages.name(StageKind.ORIGINALITY)
        return here and index is not None

    def fingerprint(self, domain: str, content: Content) -> bytes:
        """The content in short; empty where there is nothing to compare."""
        if content.sample is None or not domain:
            return b""
        one = content.sample[None]
        samples = Samples(Domain(domain), one, one[:0], ("",))
        try:
            short = self.stages.ask(StageKind.ORIGINALITY, lambda stage: stage.fingerprint(samples), is_fingerprint)
        except StageFailed:
            return b""
        return b"" if short is None else short.tobytes()

    def mark(self, content: Content, origin: Origin, visible: bool) -> Marked:
        """Label, watermark, metadata and signature, each where a stage serves and the format has a place for it."""
        origin = replace(origin, content_sha256=hashlib.sha256(content.data).hexdigest())
        left_out: dict[str, str] = {}
        content, drawn = self._labelled(content, visible, left_out)
        payload = payload_of(origin.asset_id, self.stages.bits or 32)
        content, watermarked = self._watermarked(content, payload, left_out)
        content, described = self._described(content, origin, left_out)
        content, sidecar, place = self._signed(content, origin, left_out)
        facts = {
            "label": dict(self.stages.texts),
            "label_drawn": drawn,
            "watermarked": watermarked,
            "metadata_written": described,
            "signature": place,
            "left_out": left_out,
        }
        return Marked(content, sidecar, payload if watermarked else None, facts)

    def anchors(self) -> str:
        """The roots that are trusted when a signature is read."""
        return anchors(self._keys, self._signing)

    def key(self) -> bytes:
        """The key of watermarks."""
        return watermark_key(self._keys)

    def read_metadata(self, content: Content) -> Mapping[str, Any]:
        """What is found in the metadata; nothing where it cannot be read here."""
        return self._read(StageKind.METADATA, lambda stage: stage.read(content), is_facts) or {}

    def read_mark(self, content: Content) -> Mark | None:
        """The number in it; None where it has no room for one, or it cannot be read here."""
        key = self.key()
        return self._read(StageKind.WATERMARK, lambda stage: stage.read(content, key), is_mark_or_none)

    def verify(self, content: Content, sidecar: bytes) -> tuple[Verdict | None, str]:
        """What the signature says; or None, and why it cannot be read here."""
        roots = self.anchors() if self.stages.signature is not None else ""
        try:
            work = partial(_verified, content=content, sidecar=sidecar, roots=roots)
            verdict = self.stages.ask(StageKind.SIGNATURE, work, is_verdict)
        except StageFailed as fault:
            return None, str(fault)
        return verdict, "" if verdict is not None else self.stages.missing.get(StageKind.SIGNATURE, "")

    def _read(self, kind: StageKind, work: Callable[[Any], T], right: Callable[[T], bool]) -> T | None:
        try:
            return self.stages.ask(kind, work, right)
        except StageFailed:
            return None

    def _labelled(self, content: Content, visible: bool, left_out: dict[str, str]) -> tuple[Content, bool]:
        if not visible or self.stages.label is None:
            return content, False
        return self._taken(StageKind.LABEL, content, lambda stage: stage.draw(content), left_out)

    def _watermarked(self, content: Content, payload: int, left_out: dict[str, str]) -> tuple[Content, bool]:
        if self.stages.watermark is None:
            return self._without(content, StageKind.WATERMARK, left_out)
        key = self.key()
        return self._taken(StageKind.WATERMARK, content, lambda stage: stage.embed(content, key, payload), left_out)

    def _described(self, content: Content, origin: Origin, left_out: dict[str, str]) -> tuple[Content, bool]:
        if self.stages.metadata is None:
            return self._without(content, StageKind.METADATA, left_out)
        return self._taken(StageKind.METADATA, content, lambda stage: stage.write(content, origin), left_out)

    def _signed(self, content: Content, origin: Origin, left_out: dict[str, str]) -> tuple[Content, bytes, str]:
        if self.stages.signature is not None:
            try:
                keys = credentials(self._keys, self._signing)
                work = partial(_signature, content=content, origin=origin, keys=keys)
                if (signed := self.stages.ask(StageKind.SIGNATURE, work, is_signed)) is not None:
                    return signed.content, signed.sidecar, "sidecar" if signed.sidecar else "embedded"
            except KeysUnavailable as fault:
                self.stages.give_up(StageKind.SIGNATURE, str(fault))
            except StageFailed as fault:
                left_out[StageKind.SIGNATURE.value] = str(fault)
                return content, b"", "none"
        self._without(content, StageKind.SIGNATURE, left_out)
        return content, b"", "none"

    def _taken(
        self, kind: StageKind, before: Content, work: Callable[[Any], Content | None], left_out: dict[str, str]
    ) -> tuple[Content, bool]:
        """What a stage made of content; as it was where the stage failed, or the format has no place for it."""
        what = _CALLED.get(kind, kind.value)
        try:
            made = self.stages.ask(kind, work, is_content_or_none)
        except StageFailed as fault:
            left_out[what] = str(fault)
            return before, False
        if made is None:
            left_out[what] = f"{before.media_type} of this kind or size has no place for it"
            return before, False
        return made, True

    def _without(self, content: Content, kind: StageKind, left_out: dict[str, str]) -> tuple[Content, bool]:
        left_out[kind.value] = self.stages.missing.get(kind, "the stage failed")
        return content, False


def payload_of(asset_id: str, bits: int) -> int:
    """What an asset's watermark says: the beginning of the SHA-256 of its id."""
    return int.from_bytes(hashlib.sha256(asset_id.encode()).digest()[:8], "big") >> (64 - bits)


def _signature(stage: Signature, content: Content, origin: Origin, keys: Credentials) -> Signed:
    return stage.sign(content, origin, keys)


def _verified(stage: Signature, content: Content, sidecar: bytes, roots: str) -> Verdict:
    return stage.verify(content, sidecar, roots)

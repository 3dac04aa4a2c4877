"""Takes content through the stages, in their order. Everything here may run on any thread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from footlight_plugins import Content, Domain, Samples, State
from footlight_plugins.stages import Nearest, Origin, StageKind
from footlight_server.marking.choice import Stages
from footlight_server.marking.keys import KeysUnavailable, SigningConfig, anchors, credentials, watermark_key


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
        """The training sample that is nearest to the content; None where nothing can be compared."""
        originality = self.stages.originality
        if originality is None or index is None or content.sample is None or not self.compares(index, stage):
            return None
        return originality.nearest(index, content.sample)

    def compares(self, index: State | None, stage: str) -> bool:
        """Whether content can be compared with an index that a stage of this name made."""
        here = self.stages.originality is not None and stage == self.stages.name(StageKind.ORIGINALITY)
        return here and index is not None

    def fingerprint(self, domain: str, content: Content) -> bytes:
        """The content in short; empty where there is nothing to compare."""
        originality = self.stages.originality
        if originality is None or content.sample is None or not domain:
            return b""
        one = content.sample[None]
        return originality.fingerprint(Samples(Domain(domain), one, one[:0], ("",))).tobytes()

    def mark(self, content: Content, origin: Origin, visible: bool) -> Marked:
        """Label, watermark, metadata and signature, each where a stage serves and the format has a place for it."""
        origin = replace(origin, content_sha256=hashlib.sha256(content.data).hexdigest())
        left_out: dict[str, str] = {}
        content, drawn = self._labelled(content, visible, left_out)
        payload = payload_of(origin.asset_id, self.stages.watermark.bits if self.stages.watermark else 32)
        content, watermarked = self._watermarked(content, payload, left_out)
        content, described = self._described(content, origin, left_out)
        content, sidecar, place = self._signed(content, origin, left_out)
        label = self.stages.label
        facts = {
            "label": dict(label.texts) if label else {},
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

    def _labelled(self, content: Content, visible: bool, left_out: dict[str, str]) -> tuple[Content, bool]:
        stage = self.stages.label
        if not visible or stage is None:
            return content, False
        return _taken(stage.draw(content), content, "visible label", left_out)

    def _watermarked(self, content: Content, payload: int, left_out: dict[str, str]) -> tuple[Content, bool]:
        stage = self.stages.watermark
        if stage is None:
            return self._without(content, StageKind.WATERMARK, left_out)
        return _taken(stage.embed(content, self.key(), payload), content, "watermark", left_out)

    def _described(self, content: Content, origin: Origin, left_out: dict[str, str]) -> tuple[Content, bool]:
        stage = self.stages.metadata
        if stage is None:
            return self._without(content, StageKind.METADATA, left_out)
        return _taken(stage.write(content, origin), content, "metadata", left_out)

    def _signed(self, content: Content, origin: Origin, left_out: dict[str, str]) -> tuple[Content, bytes, str]:
        stage = self.stages.signature
        if stage is not None:
            try:
                signed = stage.sign(content, origin, credentials(self._keys, self._signing))
                return signed.content, signed.sidecar, "sidecar" if signed.sidecar else "embedded"
            except KeysUnavailable as fault:
                self.stages.give_up(StageKind.SIGNATURE, str(fault))
        self._without(content, StageKind.SIGNATURE, left_out)
        return content, b"", "none"

    def _without(self, content: Content, kind: StageKind, left_out: dict[str, str]) -> tuple[Content, bool]:
        left_out[kind.value] = self.stages.missing.get(kind, "the stage failed")
        return content, False


def payload_of(asset_id: str, bits: int) -> int:
    """What an asset's watermark says: the beginning of the SHA-256 of its id."""
    return int.from_bytes(hashlib.sha256(asset_id.encode()).digest()[:8], "big") >> (64 - bits)


def _taken(made: Content | None, before: Content, what: str, left_out: dict[str, str]) -> tuple[Content, bool]:
    if made is None:
        left_out[what] = f"{before.media_type} of this kind or size has no place for it"
        return before, False
    return made, True


Mark = Callable[[Content], Marked]

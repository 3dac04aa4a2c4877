"""Rules, embedders and asset stages that live in a cell, as whoever asks for them sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Content, Embedder, EmbedderRole, ImageEmbedder, Judgement, PartRole, Rules, Samples, State
from footlight_plugins.embedding import SECONDS_EACH
from footlight_plugins.rules import Grid
from footlight_plugins.stages import (
    Credentials,
    Label,
    Mark,
    Metadata,
    Nearest,
    Origin,
    Originality,
    Signature,
    Signed,
    StageKind,
    StageSpec,
    Verdict,
    Watermark,
)
from footlight_server.isolation.cells import Cell

AT_ONCE = 64
"""So many texts or pictures cross at a time, so that a large order does not keep everybody else waiting."""
INDEX_SECONDS = 3_600.0
"""How long a stage may take over all that was learned from; no caller waits for it."""


class Celled:
    """What all have in common."""

    traits: tuple[str, ...] = ()
    """What is read of the part itself, once."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.__dict__ |= cell.traits(self.traits)


class CelledRules(Celled, Rules):
    """Level rules."""

    traits = ("colours", "turns")

    def fits(self, symbols: frozenset[str]) -> bool:
        """What they say of a corpus."""
        fits: bool = self.cell.ask("fits", sorted(symbols))
        return fits

    def repaired(self, level: Grid) -> Grid:
        """What they make of a level."""
        repaired: Grid = self.cell.ask("repaired", list(level))
        return repaired

    def judge(self, level: Grid) -> Judgement:
        """What they say of a level."""
        judgement: Judgement = self.cell.ask("judge", list(level))
        return judgement


class CelledEmbedder(Celled, Embedder):
    """A text embedder."""

    traits = ("size",)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors."""
        return _embedded(self.cell, texts)


class CelledImageEmbedder(Celled, ImageEmbedder):
    """An image embedder."""

    traits = ("size",)

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors."""
        return _embedded(self.cell, pictures)


def _embedded(cell: Cell, asked: Sequence[Any]) -> NDArray[np.float32]:
    pieces = [asked[start : start + AT_ONCE] for start in range(0, max(len(asked), 1), AT_ONCE)]
    vectors = list(_answers(cell, pieces))
    return vectors[0] if len(vectors) == 1 else np.concatenate(vectors)


def _answers(cell: Cell, pieces: Sequence[Sequence[Any]]) -> Iterator[Any]:
    for piece in pieces:
        yield cell.ask("embed", list(piece), seconds=cell.seconds + SECONDS_EACH * len(piece))


class CelledOriginality(Celled, Originality):
    """Finds near-copies."""

    def index(self, samples: Samples) -> State:
        """What `nearest` looks into."""
        index: State = self.cell.ask("index", samples, seconds=INDEX_SECONDS)
        return index

    def nearest(self, index: State, sample: NDArray[Any]) -> Nearest:
        """The nearest training sample. The index crosses only when it is another one."""
        nearest: Nearest = self.cell.ask("nearest", sample, standing=index)
        return nearest

    def fingerprint(self, samples: Samples) -> NDArray[np.uint8]:
        """Each sample in short."""
        found: NDArray[np.uint8] = self.cell.ask("fingerprint", samples)
        return found


class CelledLabel(Celled, Label):
    """Says to people that something was generated."""

    traits = ("texts",)

    def draw(self, content: Content) -> Content | None:
        """The content with the label."""
        drawn: Content | None = self.cell.ask("draw", content)
        return drawn


class CelledWatermark(Celled, Watermark):
    """Hides a number."""

    traits = ("bits",)

    def embed(self, content: Content, key: bytes, payload: int) -> Content | None:
        """The content with the number in it."""
        marked: Content | None = self.cell.ask("embed", content, key, payload)
        return marked

    def read(self, content: Content, key: bytes) -> Mark | None:
        """The number in it."""
        mark: Mark | None = self.cell.ask("read", content, key)
        return mark


class CelledMetadata(Celled, Metadata):
    """Writes where content comes from."""

    def write(self, content: Content, origin: Origin) -> Content | None:
        """The content with its origin."""
        written: Content | None = self.cell.ask("write", content, origin)
        return written

    def read(self, content: Content) -> Mapping[str, Any]:
        """What is found."""
        found: Mapping[str, Any] = self.cell.ask("read", content)
        return found


class CelledSignature(Celled, Signature):
    """Signs content."""

    def sign(self, content: Content, origin: Origin, credentials: Credentials) -> Signed:
        """The signed content."""
        signed: Signed = self.cell.ask("sign", content, origin, credentials)
        return signed

    def verify(self, content: Content, sidecar: bytes, anchors: str) -> Verdict:
        """What the signature says."""
        verdict: Verdict = self.cell.ask("verify", content, sidecar, anchors)
        return verdict


_STAGES: Mapping[StageKind, type[Celled]] = {
    StageKind.ORIGINALITY: CelledOriginality,
    StageKind.LABEL: CelledLabel,
    StageKind.WATERMARK: CelledWatermark,
    StageKind.METADATA: CelledMetadata,
    StageKind.SIGNATURE: CelledSignature,
}
_PARTS: Mapping[str, type[Celled]] = {
    PartRole.LEVEL_RULES: CelledRules,
    EmbedderRole.TEXT: CelledEmbedder,
    EmbedderRole.IMAGE: CelledImageEmbedder,
}


def celled(cell: Cell) -> Any:
    """The part that a cell holds, as an instance of its role."""
    spec = cell.spec
    return _STAGES[spec.kind](cell) if isinstance(spec, StageSpec) else _PARTS[spec.role](cell)

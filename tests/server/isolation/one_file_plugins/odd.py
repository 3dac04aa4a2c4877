"""Rules, embedders and asset stages that do what they are given: end their process, hang, raise, answer nonsense."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Content,
    Embedder,
    EmbedderRole,
    EmbedderSpec,
    ImageEmbedder,
    Judgement,
    PartRole,
    PartSpec,
    Rules,
    Samples,
    StageKind,
    StageSpec,
    State,
    impl,
)
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
    Verdict,
    Watermark,
)


def do(deed: str) -> None:
    match deed:
        case "raise":
            raise RuntimeError("secret")
        case "value":
            raise ValueError("it has another shape")
        case "exit":
            sys.exit(3)
        case "die":
            os._exit(7)
        case "sleep":
            time.sleep(3600)
        case "grow":
            held = [np.ones(1 << 20) for _ in range(1_000)]  # 8 MB each
            time.sleep(len(held))


class OddRules(Rules):
    colours = {"#": (1, 2, 3)}  # noqa: RUF012
    turns = True

    def fits(self, symbols: frozenset[str]) -> bool:
        return type(symbols) is frozenset and "#" in symbols

    def judge(self, level: Sequence[str]) -> Any:
        do(level[0])
        return "playable" if level[0] == "text" else Judgement(True, "", {"process": os.getpid()})


class Endless(Rules):
    def __init__(self) -> None:
        do("exit")

    def judge(self, level: Sequence[str]) -> Judgement:
        return Judgement(True)


class Lengths(Embedder):
    size = 2

    def embed(self, texts: Sequence[str]) -> Any:
        do(texts[0])
        return "text" if texts[0] == "text" else np.array([[len(text), 1.0] for text in texts], np.float32)


class Light(ImageEmbedder):
    size = 1

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        do("die" if not pictures[0].any() else "")
        return np.array([[picture.mean()] for picture in pictures], np.float32)


def added(content: Content, word: str) -> Content:
    return Content(content.media_type, content.data + word.encode())


class Compared(Originality):
    def index(self, samples: Samples) -> State:
        return State({"train": samples.train}, {"domain": samples.domain.value, "names": samples.names})

    def nearest(self, index: State, sample: NDArray[Any]) -> Nearest:
        do("value" if sample.shape != index.arrays["train"].shape[1:] else "die" if (sample < 0).any() else "")
        return Nearest(index.meta["names"][0], float(np.abs(index.arrays["train"] - sample).sum(axis=1).min()), 0.5)

    def fingerprint(self, samples: Samples) -> NDArray[np.uint8]:
        return samples.train.astype(np.uint8)


class Drawn(Label):
    texts: Mapping[str, str] = {"en": "Made up"}

    def draw(self, content: Content) -> Any:
        do(content.data.decode())
        return "text" if content.data == b"text" else added(content, " drawn")


class Hidden(Watermark):
    bits = 32

    def embed(self, content: Content, key: bytes, payload: int) -> Content:
        return added(content, " hidden")

    def read(self, content: Content, key: bytes) -> Mark:
        return Mark(len(key), 1.0)


class Told(Metadata):
    def write(self, content: Content, origin: Origin) -> Content:
        return added(content, f" by {origin.producer}")

    def read(self, content: Content) -> Mapping[str, Any]:
        return {"asset_id": "a"}


class Sealed(Signature):
    def sign(self, content: Content, origin: Origin, credentials: Credentials) -> Signed:
        return Signed(added(content, " sealed"), b"seal")

    def verify(self, content: Content, sidecar: bytes, anchors: str) -> Verdict:
        return Verdict("untrusted", problems=("nobody knows it",))


@impl
def register_parts() -> list[PartSpec]:
    return [
        PartSpec("odd", PartRole.LEVEL_RULES, "1", "Odd.", "odd:OddRules"),
        PartSpec("endless", PartRole.LEVEL_RULES, "1", "Cannot be made.", "odd:Endless"),
    ]


@impl
def register_embedders() -> list[EmbedderSpec]:
    return [
        EmbedderSpec("odd-lengths", "1", "Counts.", "odd:Lengths", rank=-9),
        EmbedderSpec("odd-light", "1", "Mean.", "odd:Light", rank=-9, role=EmbedderRole.IMAGE, api_version=2),
    ]


@impl
def register_stages() -> list[StageSpec]:
    classes = ("Compared", "Drawn", "Hidden", "Told", "Sealed")
    return [
        StageSpec(f"odd-{kind}", kind, "1", "Odd.", f"odd:{one}") for kind, one in zip(StageKind, classes, strict=True)
    ]

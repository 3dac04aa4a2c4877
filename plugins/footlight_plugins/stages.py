"""What stands between a generator and the answer: asset stages, each a role that a plug-in may fill.

They run in the order of `StageKind`. A stage is pure: it keeps no state, reads no file and holds no key. Keys, the drawing
anew of near-copies, the look-up of what was found and the order are the host's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.contract import check_factory, check_name
from footlight_plugins.data import Content, Samples, State


class StageKind(StrEnum):
    """What a stage is for, in the order in which the stages run."""

    ORIGINALITY = "originality"
    """Finds near-copies of what was learned from; they are drawn anew."""
    LABEL = "label"
    """Says to people that it was generated."""
    WATERMARK = "watermark"
    """Hides a number in the content itself."""
    METADATA = "metadata"
    """Writes the origin into the places that a format has for it."""
    SIGNATURE = "signature"
    """Signs it, so that every change is noticed."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """What a plug-in offers in the place of one stage. Creating one imports nothing.

    Raises
    ------
    ValueError
        When the name, the factory or the kind is malformed.
    """

    name: str
    """Names the stage, as `EngineSpec.name` names an engine."""
    kind: StageKind
    """In the place of which stage it stands."""
    version: str
    """Its own; it is written into what is known of an asset."""
    summary: str
    """One line on what it does."""
    factory: str
    """``"package.module:Class"``, a subclass of the kind's role that is made without arguments, when first used."""
    api_version: int = 1
    """The version of the contract that it was written for."""
    rank: int = 0
    """Of the stages of one kind that can be used here, the one of the highest rank serves, unless the owner names one."""
    requires: tuple[str, ...] = ()
    """Import names it needs beyond the contract's."""

    def __post_init__(self) -> None:
        check_name("stage", self.name)
        check_factory("factory", self.factory, self.name)
        if not isinstance(self.kind, StageKind):
            raise ValueError(f"kind {self.kind!r} of stage {self.name!r} must be a StageKind")

    @property
    def role(self) -> str:
        """What it is listed as among the parts of a plug-in, such as ``watermark-stage``."""
        return f"{self.kind}-stage"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a piece of content comes from, as stages write it into files."""

    asset_id: str
    """Names the asset."""
    decision_id: str
    """Names the generation that made it."""
    engine: str
    """Which engine made it."""
    engine_version: str
    """That engine's own version."""
    deployment: str
    """Which deployment was asked."""
    model_version: int
    """Which of its models made it."""
    seed: int
    """What it was drawn from."""
    create_time: int
    """Microseconds since 1970."""
    producer: str
    """Who operates the server, as labels name them."""
    holder: str = ""
    """Who holds the rights in the corpus it was learned from."""
    licence: str = ""
    """Under which they may be used; empty where nobody said."""
    content_sha256: str = ""
    """Of the content before any stage, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The training sample that a piece of content is nearest to."""

    name: str
    """Which sample: its file's path, and its place in the file where it has several."""
    distance: float
    """0 for an exact copy."""
    limit: float
    """What is nearer than this counts as a copy."""
    transform: str = ""
    """What was done to the sample to come so near, such as ``flip`` or ``shift``; empty where nothing was."""

    @property
    def copied(self) -> bool:
        """Whether the content counts as a copy."""
        return self.distance <= self.limit


class Originality(ABC):
    """Finds near-copies of what was learned from. Distances fit the domain of the samples."""

    @abstractmethod
    def index(self, samples: Samples) -> State:
        """What `nearest` looks into: made once a training, with the limit calibrated on held-out samples."""

    @abstractmethod
    def nearest(self, index: State, sample: NDArray[Any]) -> Nearest:
        """The training sample that is nearest to one sample of the same shape.

        Raises
        ------
        ValueError
            When the sample has another shape.
        """

    @abstractmethod
    def fingerprint(self, samples: Samples) -> NDArray[np.uint8]:
        """Each training sample in short, shape (n, d) with d at most 1,024: near samples have near fingerprints, by the
        root mean square of the differences."""


class Label(ABC):
    """Says to people that something was generated."""

    texts: Mapping[str, str]
    """What it says, by language tag."""

    @abstractmethod
    def draw(self, content: Content) -> Content | None:
        """The content with the label to be seen on it, or None where the stage cannot draw on such content."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a watermark says."""

    payload: int
    """The number."""
    confidence: float
    """0 to 1: how clearly it reads. Content without a mark reads as noise, with a low confidence."""


class Watermark(ABC):
    """Hides a number in the content itself, where only the holder of the key finds it."""

    bits: int
    """How many bits the number has."""

    @abstractmethod
    def embed(self, content: Content, key: bytes, payload: int) -> Content | None:
        """The content with the number in it, or None where it has no room for one."""

    @abstractmethod
    def read(self, content: Content, key: bytes) -> Mark | None:
        """The number in it, or None where such content has no room for one. Never raises for damaged content."""


class Metadata(ABC):
    """Writes where content comes from into the places that a format has for it."""

    @abstractmethod
    def write(self, content: Content, origin: Origin) -> Content | None:
        """The content with the origin in its metadata, or None where the format has no place for it."""

    @abstractmethod
    def read(self, content: Content) -> Mapping[str, Any]:
        """What is found in the metadata, by name; ``asset_id`` where it says so. Never raises for damaged content."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What to sign with."""

    algorithm: str
    """``ed25519`` or ``es256``."""
    chain: str
    """The certificates in PEM, the signer's first, the root last."""
    private_key: str = field(repr=False, default="")
    """PKCS #8, in PEM."""
    time_stamping: str = ""
    """The address of a time-stamping authority; empty for none."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed content."""

    content: Content
    """With the signature in it, where the format has a place for it."""
    sidecar: bytes = b""
    """The signature, where the format has none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a signature says about the bytes it came with."""

    state: str
    """``absent``, ``invalid`` (the bytes or the signature were changed), ``untrusted`` (whole, by an unknown signer) or
    ``trusted``."""
    signer: str = ""
    """Whose name the certificate has; empty where there is none."""
    asset_id: str = ""
    """Which asset the signature is about; empty where it does not say."""
    problems: tuple[str, ...] = ()
    """What is wrong with it, in the words of the format."""


class Signature(ABC):
    """Signs content so that every changed byte of it is noticed."""

    @abstractmethod
    def sign(self, content: Content, origin: Origin, credentials: Credentials) -> Signed:
        """The signed content.

        Raises
        ------
        ValueError
            When the credentials cannot be used.
        """

    @abstractmethod
    def verify(self, content: Content, sidecar: bytes, anchors: str) -> Verdict:
        """What the signature says, inside the content or beside it. ``anchors`` are trusted roots in PEM.
        Never raises for damaged content."""


STAGE_ROLES: Mapping[StageKind, type[ABC]] = {
    StageKind.ORIGINALITY: Originality,
    StageKind.LABEL: Label,
    StageKind.WATERMARK: Watermark,
    StageKind.METADATA: Metadata,
    StageKind.SIGNATURE: Signature,
}

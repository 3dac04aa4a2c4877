"""Asset stages that do what `Wayward.does` says, and otherwise what they ought to."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Content, Samples, State
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


class Wayward:
    """What all of them do, one test after the other."""

    does = "well"

    def _or(self, right: Any) -> Any:
        match self.does:
            case "raise":
                raise RuntimeError("secret of a stage")
            case "exit":
                sys.exit(3)
            case "sleep":
                time.sleep(60)
            case "print":
                sys.stdout.write("a line that nobody asked for\n")
                np.seterr(all="raise")
                return right
        wrong = {"text": "text", "floats": np.full(3, np.nan), "hollow": Content("text/plain", None)}  # type: ignore[arg-type]
        return wrong.get(self.does, right)


class Compared(Wayward, Originality):
    def index(self, samples: Samples) -> State:
        return State({})

    def nearest(self, index: State, sample: NDArray[Any]) -> Any:
        return self._or(Nearest("a.npy", 1.0, 0.5))

    def fingerprint(self, samples: Samples) -> Any:
        return self._or(np.ones((1, 4), np.uint8))


class Drawn(Wayward, Label):
    texts: Mapping[str, str] = {"en": "Generated"}

    def draw(self, content: Content) -> Any:
        return self._or(Content(content.media_type, content.data + b" drawn"))


class Hidden(Wayward, Watermark):
    bits = 32

    def embed(self, content: Content, key: bytes, payload: int) -> Any:
        return self._or(Content(content.media_type, content.data + b" hidden"))

    def read(self, content: Content, key: bytes) -> Any:
        return self._or(Mark(7, 1.0))


class Told(Wayward, Metadata):
    def write(self, content: Content, origin: Origin) -> Any:
        return self._or(Content(content.media_type, content.data + b" told"))

    def read(self, content: Content) -> Any:
        facts: Mapping[str, Any] = {"asset_id": "a"}
        return self._or(facts)


class Sealed(Wayward, Signature):
    def sign(self, content: Content, origin: Origin, credentials: Credentials) -> Any:
        return self._or(Signed(Content(content.media_type, content.data + b" sealed")))

    def verify(self, content: Content, sidecar: bytes, anchors: str) -> Any:
        return self._or(Verdict("trusted"))


class Unmade(Drawn):
    def __init__(self) -> None:
        sys.exit(3)


class Mute(Drawn):
    texts = None  # type: ignore[assignment]

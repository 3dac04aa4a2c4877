"""Embedders: texts in, vectors out. One role for everybody who compares meanings: the assistant, and cold-start engines.

Plug-ins offer them through the hook `register_embedders`; the loader tells this module which there are. Whoever wants one
asks `find_embedder`, and goes on without where it answers None.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class Embedder(ABC):
    """Turns texts into vectors whose inner product says how close their meanings are.

    Example
    -------
    ::

        class Letters(Embedder):
            size = 26

            def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
                counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
                return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
    """

    size: int
    """The length d of the vectors."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, shape (n, d); of length 0 for a text without anything in it.

        The same text gives the same vector up to rounding, whatever is beside it. It is called from several threads,
        and uses one thread itself.
        """


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """What a plug-in offers. Creating one imports nothing.

    Raises
    ------
    ValueError
        When the name or the factory is malformed.
    """

    name: str
    """Names the embedder: lower-case letters, digits and hyphens, a letter first, at most 63. Vectors are kept under it."""
    version: str
    """Vectors of another version are computed anew."""
    summary: str
    """One line on what it does."""
    factory: str
    """``"package.module:Class"``, a subclass of `Embedder`, made without arguments when it is first used."""
    requires: tuple[str, ...] = ()
    """Import names it needs; it is passed over where one is missing."""
    rank: int = 0
    """Who is used where nobody says: the highest that can be."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"embedder name {self.name!r} must be lower-case letters, digits and hyphens, a letter first"
            )
        if not _FACTORY.fullmatch(self.factory):
            raise ValueError(f"factory {self.factory!r} of embedder {self.name!r} must read 'package.module:Class'")

    @property
    def usable(self) -> bool:
        """Whether everything it needs is installed. Imports nothing."""
        return all(find_spec(name.partition(".")[0]) is not None for name in self.requires)


_offered: dict[str, EmbedderSpec] = {}


def offer(specs: Iterable[EmbedderSpec]) -> None:
    """Make embedders known in this process; the loader does."""
    _offered.update((spec.name, spec) for spec in specs)


def offered_embedders() -> tuple[EmbedderSpec, ...]:
    """Those that are known, the best first."""
    return tuple(sorted(_offered.values(), key=lambda spec: (-spec.rank, spec.name)))


class EmbedderFailed(Exception):
    """An embedder raised, or answered no vectors as the contract has them; the message names it. Go on without it."""


def find_embedder(name: str = "") -> tuple[EmbedderSpec, Embedder] | None:
    """The embedder of this name, or the best that can be used here; None where there is none. Loads it when first asked.

    One that cannot be made is passed over. What it raises later, or answers wrongly, is an `EmbedderFailed`.
    """
    for spec in offered_embedders():
        if name in ("", spec.name) and spec.usable:
            try:
                return spec, _made(spec)
            except EmbedderFailed as fault:
                _log.error("it is passed over: %s", fault, exc_info=fault.__cause__)
    return None


@lru_cache(maxsize=8)
def _made(spec: EmbedderSpec) -> Embedder:
    return _Checked(spec)


class _Checked(Embedder):
    """An embedder whose vectors are looked at: a stranger's may answer anything."""

    def __init__(self, spec: EmbedderSpec) -> None:
        self._called = f"embedder {spec.name!r} of {spec.factory!r}"
        module, _, class_name = spec.factory.partition(":")
        with self._blamed():
            made = getattr(import_module(module), class_name)()
            if not isinstance(made, Embedder):
                raise TypeError("it must be a subclass of footlight_plugins.Embedder")
            if type(made.size) is not int or made.size < 1:
                raise TypeError("`size` must say how long its vectors are")
        self._embedder, self.size = made, made.size

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._blamed():
            vectors = self._embedder.embed(texts)
            if not isinstance(vectors, np.ndarray) or vectors.dtype.kind != "f":
                raise TypeError("`embed` must answer an array of floats")
            if vectors.shape != (len(texts), self.size):
                raise ValueError(f"`embed` answered the shape {vectors.shape}, not ({len(texts)}, {self.size})")
            if not np.isfinite(vectors).all():
                raise ValueError("`embed` answered what is not finite")
            return vectors.astype(np.float32, copy=False)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except (Exception, SystemExit) as fault:
            raise EmbedderFailed(f"{self._called} failed: {type(fault).__name__}: {fault}") from fault

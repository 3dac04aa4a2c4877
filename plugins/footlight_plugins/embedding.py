"""Embedders: texts or pictures in, vectors out. One role for everybody who compares meanings, and one for everybody who
compares what is to be seen.

Plug-ins offer them through the hook `register_embedders`; the loader tells this module which there are. Whoever wants one
asks `find_embedder` or `find_image_embedder`, and goes on without where it answers None.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.asking import MAKING_SECONDS, Questions, whatever
from footlight_plugins.parts import PartFailed
from footlight_plugins.placing import Place, place_now

_log = logging.getLogger(__name__)

SECONDS, SECONDS_EACH = 10.0, 1.0
"""How long an embedder may take: so long, and so much longer for each text or picture."""

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


class ImageEmbedder(ABC):
    """Turns pictures into vectors that lie near each other where the pictures look alike. Came with the second version of
    the contract.

    Example
    -------
    ::

        class MeanColour(ImageEmbedder):
            size = 3

            def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
                return np.array([picture[..., :3].mean((0, 1)) / 255 for picture in pictures], np.float32).reshape(-1, 3)
    """

    size: int
    """The length d of the vectors."""

    @abstractmethod
    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors of shape (n, d), of any length: what they are compared by is whoever asks's own affair.

        Each picture has shape (height, width, 4), each of any size from 1 pixel on: red, green, blue, not multiplied by the
        opacity, which comes last, 0 for what is not to be seen. They are read only. The same picture gives the same vector
        up to rounding, whatever is beside it. It is called from several threads, and uses one thread itself.
        """


class EmbedderRole(StrEnum):
    """What goes into an embedder."""

    TEXT = "text-embedder"
    """Texts: `Embedder`."""
    IMAGE = "image-embedder"
    """Pictures: `ImageEmbedder`."""


EMBEDDER_ROLES: Mapping[EmbedderRole, type[Embedder | ImageEmbedder]] = {
    EmbedderRole.TEXT: Embedder,
    EmbedderRole.IMAGE: ImageEmbedder,
}


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """What a plug-in offers. Creating one imports nothing.

    Raises
    ------
    ValueError
        When the name, the factory or the role is malformed.
    """

    name: str
    """Names the embedder: lower-case letters, digits and hyphens, a letter first, at most 63. Vectors are kept under it."""
    version: str
    """Vectors of another version are computed anew."""
    summary: str
    """One line on what it does."""
    factory: str
    """``"package.module:Class"``, a subclass of the role's class, made without arguments when it is first used."""
    requires: tuple[str, ...] = ()
    """Import names it needs; it is passed over where one is missing."""
    rank: int = 0
    """Who is used where nobody says: the highest of a role that can be."""
    role: EmbedderRole = EmbedderRole.TEXT
    """Whether texts or pictures go in; pictures came with the second version of the contract."""
    api_version: int = 1
    """The version of the contract that it was written for."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"embedder name {self.name!r} must be lower-case letters, digits and hyphens, a letter first"
            )
        if not _FACTORY.fullmatch(self.factory):
            raise ValueError(f"factory {self.factory!r} of embedder {self.name!r} must read 'package.module:Class'")
        if not isinstance(self.role, EmbedderRole):
            raise ValueError(f"role {self.role!r} of embedder {self.name!r} must be an EmbedderRole")

    @property
    def usable(self) -> bool:
        """Whether everything it needs is installed. Imports nothing."""
        return all(find_spec(name.partition(".")[0]) is not None for name in self.requires)


_offered: dict[str, EmbedderSpec] = {}
_plugins: dict[EmbedderSpec, str] = {}


def offer(specs: Iterable[EmbedderSpec], plugins: Mapping[EmbedderSpec, str] | None = None) -> None:
    """Make embedders known in this process, with the names of their plug-ins; the loader does."""
    _offered.update((spec.name, spec) for spec in specs)
    _plugins.update(plugins or {})


def offered_embedders(role: EmbedderRole = EmbedderRole.TEXT) -> tuple[EmbedderSpec, ...]:
    """Those that are known of a role, the best first."""
    found = (spec for spec in _offered.values() if spec.role is role)
    return tuple(sorted(found, key=lambda spec: (-spec.rank, spec.name)))


class EmbedderFailed(Exception):
    """An embedder raised, or answered no vectors as the contract has them; the message names it. Go on without it."""


def find_embedder(name: str = "") -> tuple[EmbedderSpec, Embedder] | None:
    """The text embedder of this name, or the best that can be used here; None where there is none.

    It is loaded when first asked for, within 60 s. One that cannot be made is passed over. What it raises later, or answers
    wrongly, is an `EmbedderFailed`, and so is taking more than 10 s, and a second more for each text. Where the host has
    given its plug-in a process, it is in that.
    """
    return _found(EmbedderRole.TEXT, name)


def find_image_embedder(name: str = "") -> tuple[EmbedderSpec, ImageEmbedder] | None:
    """The image embedder of this name, or the best that can be used here; as `find_embedder` in all else.

    Example
    -------
    ::

        found = find_image_embedder()
        if found is not None:
            spec, embedder = found
            vectors = embedder.embed([np.zeros((8, 8, 4), np.uint8)])
    """
    return _found(EmbedderRole.IMAGE, name)


def _found(role: EmbedderRole, name: str) -> tuple[EmbedderSpec, _Checked] | None:
    for spec in offered_embedders(role):
        if name in ("", spec.name) and spec.usable:
            try:
                return spec, made_embedder(spec)
            except EmbedderFailed as fault:
                _log.error("it is passed over: %s", fault, exc_info=fault.__cause__)
    return None


def made_embedder(spec: EmbedderSpec) -> _Checked:
    """What a descriptor names, made once; EmbedderFailed says why it cannot be."""
    return _made(spec, place_now())


@lru_cache(maxsize=8)
def _made(spec: EmbedderSpec, place: Place) -> _Checked:
    return _Checked(spec, place)


class _Checked(Embedder, ImageEmbedder):
    """An embedder whose vectors are looked at: a stranger's may answer anything, or nothing at all."""

    def __init__(self, spec: EmbedderSpec, place: Place) -> None:
        plugin = _plugins.get(spec, "")
        self._called = f"{spec.role} {spec.name!r} of " + (f"plug-in {plugin!r}" if plugin else repr(spec.factory))
        with self._blamed():
            elsewhere = place(spec)
            self._questions = Questions(self._called, "", bounded=elsewhere is not None)
            made = elsewhere or self._questions.put("__init__", partial(new_embedder, spec), whatever, MAKING_SECONDS)
            if type(made.size) is not int or made.size < 1:
                raise TypeError("`size` must say how long its vectors are")
        self._embedder: Any = made
        self.size = made.size

    def embed(self, asked: Sequence[Any]) -> NDArray[np.float32]:
        with self._blamed():
            seconds = SECONDS + SECONDS_EACH * len(asked)
            vectors = self._questions.put("embed", partial(self._embedder.embed, asked), whatever, seconds)
            if not isinstance(vectors, np.ndarray) or vectors.dtype.kind != "f":
                raise TypeError("`embed` must answer an array of floats")
            if vectors.shape != (len(asked), self.size):
                raise ValueError(f"`embed` answered the shape {vectors.shape}, not ({len(asked)}, {self.size})")
            if not np.isfinite(vectors).all():
                raise ValueError("`embed` answered what is not finite")
            return vectors.astype(np.float32, copy=False)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except PartFailed as fault:
            raise EmbedderFailed(f"{self._called} failed: it {fault.what}") from (fault.__cause__ or fault)
        except (Exception, SystemExit) as fault:
            raise EmbedderFailed(f"{self._called} failed: {type(fault).__name__}: {fault}") from fault


def new_embedder(spec: EmbedderSpec) -> Any:
    """What a descriptor names, made here and now; whatever it raises."""
    module, _, class_name = spec.factory.partition(":")
    made = getattr(import_module(module), class_name)()
    if not isinstance(made, base := EMBEDDER_ROLES[spec.role]):
        raise TypeError(f"it must be a subclass of footlight_plugins.{base.__name__}")
    return made

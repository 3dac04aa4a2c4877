"""The suites of asset stages, one for each kind."""

from __future__ import annotations

import json
import struct
import zlib
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Content, Domain, Samples, StageSpec, State
from footlight_plugins.certificates import certificate, pem, pem_of_key
from footlight_plugins.stages import STAGE_ROLES, Credentials, Mark, Nearest, Origin, Signed, Verdict
from footlight_plugins.testing.offer import OfferSuite

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
ORIGIN = Origin("g-1-0", "g-1", "engine", "1.0", "deployment", 3, 7, 1_700_000_000_000_000, "Studio", "Ada", "CC0-1.0")
_NO_PLACE = "the stage has no place in any content of the suite: override `contents`"
_STATES = ("absent", "invalid", "untrusted", "trusted")


class StageSuite(OfferSuite):
    """The part that the suites of stages share; inherit one of the others."""

    spec: ClassVar[StageSpec]
    """The stage under test."""

    def stage_class(self) -> type[Any]:
        """The class that the spec's factory names."""
        return self.named_class()

    def offered_class(self) -> type[Any]:
        """The stage's class."""
        return self.stage_class()

    def new(self) -> Any:
        """A new instance, made as the host makes it."""
        return self.stage_class()()

    def maker(self, folder: Path) -> Callable[[], Any]:
        """Makes instances."""
        return self.new

    def contents(self) -> list[Content]:
        """What the stage is shown: a picture, a text, and bytes of no known kind."""
        pixels = _pixels(64)
        return [
            Content("image/png", _png(pixels), {"width": 64, "height": 64}, pixels),
            Content("text/plain", b"Once upon a time there was a stage.\n" * 8),
            Content("application/octet-stream", bytes(range(64))),
        ]

    def damaged(self) -> list[Content]:
        """Content that is not what it says, cut off, or empty."""
        whole = [Content(one.media_type, one.data[: len(one.data) // 2]) for one in self.contents()]
        return [*whole, Content("image/png", b""), Content("text/plain", b"\xff\x00\xfe"), Content("no/kind", b"?")]

    def test_it_is_a_class_of_its_role(self) -> None:
        assert issubclass(self.stage_class(), STAGE_ROLES[self.spec.kind])


class ChangingSuite(StageSuite):
    """What those share that answer content, or None where there is no place in it."""

    @abstractmethod
    def changed(self, stage: Any, content: Content) -> Content | None:
        """What a stage makes of content."""

    def placed(self) -> list[Content]:
        """What it makes of the contents that have a place for it; the test is skipped where none has."""
        stage = self.new()
        made = [self.changed(stage, content) for content in self.contents()]
        return [one for one in made if one is not None] or pytest.skip(_NO_PLACE)

    def test_what_comes_out_is_content_of_the_same_type(self) -> None:
        for content in self.contents():
            made = self.changed(self.new(), content)
            assert made is None or (isinstance(made.data, bytes) and made.media_type == content.media_type)

    def test_the_content_itself_is_left_as_it_was(self) -> None:
        for content in self.contents():
            if content.sample is not None:
                before = content.sample.copy()
                self.changed(self.new(), content)
                assert np.array_equal(before, content.sample)

    def test_something_of_it_is_in_the_content(self) -> None:
        before = {content.data for content in self.contents()}
        assert all(made.data not in before for made in self.placed())


class LabelSuite(ChangingSuite):
    """Holds a stage to `Label`: `class TestMine(LabelSuite): spec = register_stages()[0]`."""

    def changed(self, stage: Any, content: Content) -> Content | None:
        """With the label on it."""
        made: Content | None = stage.draw(content)
        return made

    def asked(self, stage: Any) -> Any:
        """What it draws."""
        drawn = [stage.draw(content) for content in self.contents()]
        return [dict(stage.texts), *(None if one is None else one.data for one in drawn)]

    def test_it_says_something_in_some_language(self) -> None:
        texts = dict(self.new().texts)
        assert texts and all(isinstance(word, str) and word for pair in texts.items() for word in pair)


class WatermarkSuite(ChangingSuite):
    """Holds a stage to `Watermark`: `class TestMine(WatermarkSuite): spec = register_stages()[0]`."""

    def changed(self, stage: Any, content: Content) -> Content | None:
        """With a number in it."""
        made: Content | None = stage.embed(content, KEY, 1)
        return made

    def asked(self, stage: Any) -> Any:
        """What it hides, and what it finds again."""
        marked = [stage.embed(content, KEY, 1) for content in self.contents()]
        return [(one.data, stage.read(one, KEY)) for one in marked if one is not None]

    def test_it_says_how_many_bits_its_number_has(self) -> None:
        assert type(self.new().bits) is int and 1 <= self.new().bits <= 62

    def test_the_number_is_read_again(self) -> None:
        stage = self.new()
        self.placed()
        for payload in (0, 1, (1 << stage.bits) - 1, 0x5A5A5A5A5A5A5A5A >> (64 - stage.bits)):
            for made in (stage.embed(content, KEY, payload) for content in self.contents()):
                assert made is None or stage.read(made, KEY).payload == payload

    def test_without_the_key_it_is_not_read(self) -> None:
        stage = self.new()
        for made in self.placed():
            right, other = stage.read(made, KEY), stage.read(made, OTHER_KEY)
            assert other is None or other.payload != right.payload or other.confidence < right.confidence

    def test_content_without_a_mark_reads_as_noise(self) -> None:
        stage = self.new()
        for content in self.contents():
            if (made := stage.embed(content, KEY, 1)) is not None:
                plain = stage.read(content, KEY)
                assert plain is None or plain.confidence < stage.read(made, KEY).confidence

    def test_damaged_content_is_read_without_raising(self) -> None:
        found = [self.new().read(content, KEY) for content in self.damaged()]
        assert all(one is None or isinstance(one, Mark) for one in found)


class MetadataSuite(ChangingSuite):
    """Holds a stage to `Metadata`: `class TestMine(MetadataSuite): spec = register_stages()[0]`."""

    def changed(self, stage: Any, content: Content) -> Content | None:
        """With the origin in it."""
        made: Content | None = stage.write(content, ORIGIN)
        return made

    def asked(self, stage: Any) -> Any:
        """What it writes, and what it finds again."""
        written = [stage.write(content, ORIGIN) for content in self.contents()]
        return [(one.data, dict(stage.read(one))) for one in written if one is not None]

    def test_the_asset_is_named_in_what_is_read(self) -> None:
        stage = self.new()
        assert {stage.read(made)["asset_id"] for made in self.placed()} == {ORIGIN.asset_id}

    def test_damaged_content_is_read_without_raising(self) -> None:
        for content in [*self.contents(), *self.damaged()]:
            assert json.dumps(dict(self.new().read(content)), allow_nan=False)


class SignatureSuite(StageSuite):
    """Holds a stage to `Signature`: `class TestMine(SignatureSuite): spec = register_stages()[0]`. Needs cryptography."""

    def credentials(self) -> tuple[Credentials, str]:
        """What to sign with, and the roots to trust."""
        keys = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519").Ed25519PrivateKey
        root_key, key = keys.generate(), keys.generate()
        root = certificate(root_key, root_key, None, "Root of a test")
        chain = (pem(certificate(key, root_key, root, "Signer of a test")) + pem(root)).decode()
        return Credentials("ed25519", chain, pem_of_key(key).decode()), pem(root).decode()

    def asked(self, stage: Any) -> Any:
        """What it says of what it has signed: the signatures themselves may differ."""
        return [verdict.state for verdict in self._verdicts(stage, lambda content: content)]

    def _verdicts(self, stage: Any, change: Callable[[Content], Content], trusted: bool = True) -> list[Verdict]:
        keys, roots = self.credentials()
        signed = [stage.sign(content, ORIGIN, keys) for content in self.contents()]
        assert all(isinstance(one, Signed) for one in signed)
        return [stage.verify(change(one.content), one.sidecar, roots if trusted else "") for one in signed]

    def test_what_was_signed_is_trusted_by_its_root(self) -> None:
        assert {one.state for one in self._verdicts(self.new(), lambda content: content)} == {"trusted"}

    def test_without_the_root_it_is_not_trusted(self) -> None:
        assert {one.state for one in self._verdicts(self.new(), lambda content: content, False)} == {"untrusted"}

    def test_a_changed_byte_is_noticed(self) -> None:
        assert not {one.state for one in self._verdicts(self.new(), _changed)} & {"trusted", "untrusted"}

    def test_credentials_that_are_none_are_refused(self) -> None:
        with pytest.raises(ValueError):  # noqa: PT011  # the text is the stage's own
            self.new().sign(self.contents()[0], ORIGIN, Credentials("ed25519", "no chain", "no key"))

    def test_damaged_content_is_read_without_raising(self) -> None:
        _, roots = self.credentials()
        verdicts = [self.new().verify(content, side, roots) for content in self.damaged() for side in (b"", b"\0?")]
        assert all(isinstance(one, Verdict) and one.state in _STATES for one in verdicts)


class OriginalitySuite(StageSuite):
    """Holds a stage to `Originality`: `class TestMine(OriginalitySuite): spec = register_stages()[0]`."""

    def samples(self) -> Samples:
        """Training and held-out samples: pictures of coarse patches."""
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 256, (60, 4, 4, 4)).astype(np.uint8)
        pictures = coarse.repeat(4, 1).repeat(4, 2)
        pictures[..., 3] = 255
        return Samples(Domain.IMAGE, pictures[:40], pictures[40:], tuple(f"{i}.png" for i in range(40)))

    def asked(self, stage: Any) -> Any:
        """What each held-out sample and some training samples are nearest to."""
        samples = self.samples()
        index = stage.index(samples)
        return [stage.nearest(index, one) for one in (*samples.heldout[:6], *samples.train[:3])]

    def test_a_copy_is_found_and_counted_as_one(self) -> None:
        samples, stage = self.samples(), self.new()
        index = stage.index(samples)
        for place in (0, len(samples.train) // 2, len(samples.train) - 1):
            found = stage.nearest(index, samples.train[place].copy())
            assert isinstance(found, Nearest) and found.copied and found.name == samples.names[place]

    def test_a_sample_of_another_shape_is_refused(self) -> None:
        samples, stage = self.samples(), self.new()
        index = stage.index(samples)
        with pytest.raises(ValueError):  # noqa: PT011  # the text is the stage's own
            stage.nearest(index, samples.train[0][:-1])

    def test_the_index_survives_storing_and_loading(self) -> None:
        samples, stage = self.samples(), self.new()
        index = stage.index(samples)
        stored = State({name: array.copy() for name, array in index.arrays.items()}, json.loads(json.dumps(index.meta)))
        one = samples.heldout[0]
        assert self.new().nearest(stored, one) == stage.nearest(index, one)

    def test_fingerprints_are_short_and_those_of_equals_are_equal(self) -> None:
        samples = self.samples()
        twice = Samples(samples.domain, samples.train[[0, 1, 0]], samples.heldout[:0], ("a", "b", "c"))
        short = self.new().fingerprint(twice)
        assert short.dtype == np.uint8 and short.ndim == 2 and len(short) == 3 and 1 <= short.shape[1] <= 1_024
        assert np.array_equal(short[0], short[2]) and not np.array_equal(short[0], short[1])


def _changed(content: Content) -> Content:
    """With another byte in the middle."""
    middle = len(content.data) // 2
    flipped = bytes([content.data[middle] ^ 1])
    return Content(content.media_type, content.data[:middle] + flipped + content.data[middle + 1 :])


def _pixels(side: int) -> NDArray[np.uint8]:
    """A picture with soft shades, (side, side, 3)."""
    y, x = np.mgrid[0:side, 0:side] / side
    waves = [np.sin(5 * x + phase) * np.cos(4 * y - phase) for phase in (0.0, 1.0, 2.0)]
    return (127.5 + 90 * np.stack(waves, axis=-1)).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) as PNG."""
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

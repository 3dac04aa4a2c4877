"""Signatures: every changed byte is noticed, in the file and beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.provenance.pictures import png, sprites

from footlight_plugins import Content
from footlight_plugins.stages import Credentials, Origin, Signed, Verdict

pytest.importorskip("c2pa")

from footlight_engines.provenance.signature import C2pa  # skipped where c2pa is not installed
from footlight_server.marking.keys import SigningConfig, anchors, credentials

ORIGIN = Origin("g-1-0", "g-1", "gan", "1.0", "gan", 3, 7, 1_700_000_000_000_000, "Studio", "Ada", "CC0-1.0")
STAGE = C2pa()
PICTURE, MUSIC = png(sprites(1)[0]), Content("audio/midi", b"MThd" + bytes(200))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def signer(keys: Path) -> Credentials:
    return credentials(keys, SigningConfig())


@pytest.fixture(scope="module")
def roots(keys: Path, signer: Credentials) -> str:
    return anchors(keys, SigningConfig())


@pytest.fixture(scope="module")
def signed(signer: Credentials) -> dict[str, Signed]:
    return {content.media_type: STAGE.sign(content, ORIGIN, signer) for content in (PICTURE, MUSIC)}


def verdict(signed: Signed, roots: str, data: bytes | None = None) -> Verdict:
    content = signed.content if data is None else Content(signed.content.media_type, data)
    return STAGE.verify(content, signed.sidecar, roots)


@pytest.mark.parametrize("kind", ["image/png", "audio/midi"])
def test_what_was_signed_is_trusted_and_names_its_asset(signed: dict[str, Signed], roots: str, kind: str) -> None:
    found = verdict(signed[kind], roots)
    assert (found.state, found.asset_id, found.problems) == ("trusted", "g-1-0", ())


def test_a_picture_carries_its_signature_and_music_has_it_beside(signed: dict[str, Signed]) -> None:
    assert not signed["image/png"].sidecar and signed["image/png"].content.data != PICTURE.data
    assert signed["audio/midi"].sidecar and signed["audio/midi"].content == MUSIC


def test_an_unknown_signer_is_not_trusted(signed: dict[str, Signed]) -> None:
    assert verdict(signed["image/png"], "").state == "untrusted"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 199))
def test_every_changed_byte_of_the_content_is_noticed(signed: dict[str, Signed], roots: str, at: int) -> None:
    data = bytearray(signed["audio/midi"].content.data)
    data[at] ^= 1
    assert verdict(signed["audio/midi"], roots, bytes(data)).state == "invalid"


def test_every_changed_pixel_byte_is_noticed(signed: dict[str, Signed], roots: str) -> None:
    whole = signed["image/png"].content.data
    start = whole.index(b"IDAT")
    for at in range(start, len(whole), 37):
        data = bytearray(whole)
        data[at] ^= 1
        assert verdict(signed["image/png"], roots, bytes(data)).state == "invalid"


def test_what_was_never_signed_has_no_signature(roots: str) -> None:
    assert STAGE.verify(PICTURE, b"", roots).state == "absent"
    assert STAGE.verify(MUSIC, b"", roots).state == "absent"


def test_nonsense_beside_a_file_is_no_signature(roots: str) -> None:
    assert STAGE.verify(MUSIC, b"nonsense", roots).state in ("absent", "invalid")


def test_a_signature_is_small(signed: dict[str, Signed]) -> None:
    assert len(signed["image/png"].content.data) - len(PICTURE.data) < 6_000


def test_keys_are_made_once_and_are_nobody_elses(keys: Path, signer: Credentials) -> None:
    assert credentials(keys, SigningConfig()) == signer
    assert {path.stat().st_mode & 0o077 for path in keys.iterdir()} == {0}


def test_credentials_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="could not be signed"):
        STAGE.sign(PICTURE, ORIGIN, Credentials("ed25519", "no chain", "no key"))

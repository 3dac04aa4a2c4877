"""What notebooks show of answers and assets."""

from __future__ import annotations

import io
import itertools
import json
import struct
import wave
from array import array
from hashlib import sha256

import pytest

from footlight import Asset, Reason, ReasonKind, Recommendations, RecommendedItem
from footlight._notebook.glb import drawing
from footlight._notebook.midi import sound


def recommendations(*items: RecommendedItem) -> Recommendations:
    return Recommendations("<ada>", "d", "item-knn", 1, 7, False, items)


def asset(media_type: str, data: bytes) -> Asset:
    return Asset("a", "d", "gan", 1, 42, media_type, sha256(data).digest(), data=data)


def shown(one: Asset) -> str:
    return str(one._repr_mimebundle_()["text/html"])


def glb(indices: tuple[int, ...] = (0, 1, 2)) -> bytes:
    """A triangle."""
    binary = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 0, 1) + struct.pack(f"<{len(indices)}H", *indices)
    document = {
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "translation": [1, 2, 3], "scale": [2, 2, 2]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "count": 3, "componentType": 5126},
            {"bufferView": 1, "count": len(indices), "componentType": 5123},
        ],
        "bufferViews": [{"byteLength": 36}, {"byteOffset": 36}],
    }
    text = json.dumps(document).encode()
    return struct.pack("<4sIIII", b"glTF", 2, 0, len(text), 0) + text + struct.pack("<II", len(binary), 0) + binary


def midi(*notes: bytes, tempo: int = 500_000) -> bytes:
    """One track of 96 ticks a quarter note."""
    track = b"\0\xff\x51\x03" + tempo.to_bytes(3, "big") + b"".join(notes) + b"\0\xff\x2f\0"
    return struct.pack(">4sIHHH4sI", b"MThd", 6, 0, 1, 96, b"MTrk", len(track)) + track


A_QUARTER = b"\0\x90\x45\x50" + b"\x60\x45\x00"
"""A4, ended under a running status by a loudness of 0."""


def test_recommendations_are_a_table_and_names_are_text() -> None:
    reason = Reason(ReasonKind.BECAUSE_OF_ITEM, "m2", 0.5)
    html = recommendations(RecommendedItem("<m1>", 0.123456, (reason,), 1))._repr_html_()
    assert "&lt;m1&gt;" in html and "&lt;ada&gt;" in html and "<m1>" not in html
    assert "0.1235" in html and "because of m2 (50%)" in html


def test_a_long_answer_shows_its_beginning() -> None:
    html = recommendations(*(RecommendedItem(f"m{n}", 1.0, (), n) for n in range(80)))._repr_html_()
    assert html.count("<tr>") == 51 and "the first 50 of 80" in html


@pytest.mark.parametrize(
    ("media_type", "mark"),
    [
        ("image/png", "<img"),
        ("audio/wav", "<audio controls"),
        ("text/plain", "<pre>&lt;b&gt;"),
        ("application/octet-stream", "download="),
    ],
)
def test_an_asset_is_shown_by_its_kind(media_type: str, mark: str) -> None:
    html = shown(asset(media_type, b"<b>"))
    assert mark in html and "AI generated" in html


def test_a_scene_is_drawn_and_can_be_loaded() -> None:
    html = shown(asset("model/gltf-binary", glb()))
    assert html.count("<polygon") == 1 and "download=" in html


@pytest.mark.parametrize("data", [b"", b"glTF", b"\0" * 40, glb((0, 1, 9)), glb()[:-8]])
def test_bytes_that_are_no_scene_are_not_drawn(data: bytes) -> None:
    assert drawing(data) == ""


@pytest.mark.parametrize("harm", [{"scenes": [[]]}, {"nodes": [{"mesh": 0, "children": [0]}]}, {"nodes": [[]]}])
def test_a_scene_that_goes_in_circles_is_not_drawn(harm: dict[str, object]) -> None:
    _, _, _, length, _ = struct.unpack_from("<4sIIII", glb())
    document = json.dumps(json.loads(glb()[20 : 20 + length]) | harm).encode()
    whole = struct.pack("<4sIIII", b"glTF", 2, 0, len(document), 0) + document + glb()[20 + length :]
    assert drawing(whole) == ""


def test_music_can_be_heard_and_loaded() -> None:
    html = shown(asset("audio/midi", midi(A_QUARTER)))
    assert '<audio controls src="data:audio/wav;base64,UklGR' in html and "download=" in html


def test_music_lasts_as_long_as_its_notes() -> None:
    with wave.open(io.BytesIO(sound(midi(*[A_QUARTER] * 4, tempo=250_000)))) as heard:
        assert heard.getnframes() == heard.getframerate()


def test_a_tone_has_its_pitch() -> None:
    with wave.open(io.BytesIO(sound(midi(A_QUARTER, tempo=1_000_000)))) as heard:
        samples = array("h", heard.readframes(heard.getnframes()))
    rises = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
    assert rises == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    "data", [b"", b"MThd", midi(), midi(A_QUARTER, tempo=0), midi(b"\0\x45"), midi(b"\xff" * 9), midi(A_QUARTER)[:-12]]
)
def test_bytes_that_are_no_music_are_not_played(data: bytes) -> None:
    assert sound(data) == b""

"""What notebooks show of answers and assets."""

from __future__ import annotations

import json
import struct
from hashlib import sha256

import pytest

from footlight import Asset, Reason, ReasonKind, Recommendations, RecommendedItem
from footlight._notebook.glb import drawing


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

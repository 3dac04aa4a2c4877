"""Origin in files: written without touching the content, read again, and gone where there is no place for it."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.engines.provenance.pictures import opened, png, sprites

from footlight_engines.provenance.containers import glb, glb_binary, glb_json
from footlight_engines.provenance.label import AiGenerated
from footlight_engines.provenance.metadata import SOURCE_TYPE, AigcAndIptc
from footlight_plugins import Content
from footlight_plugins.stages import Origin

ORIGIN = Origin("g-1-0", "g-1", "gan", "1.0", "gan", 3, 7, 1_700_000_000_000_000, "Studio <&>", "Ada", "CC0-1.0")
STAGE = AigcAndIptc()


def webp() -> Content:
    frames = [Image.fromarray(one) for one in sprites(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return Content("image/webp", buffer.getvalue())


def midi() -> Content:
    track = b"\0\x90\x3c\x40\x60\x80\x3c\x00\0\xff\x2f\0"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96)
    return Content("audio/midi", header + b"MTrk" + struct.pack(">I", len(track)) + track)


def scene() -> Content:
    return Content("model/gltf-binary", glb({"asset": {"version": "2.0"}}, glb_binary(b"abcde")))


CONTENTS = [png(sprites(1)[0]), webp(), midi(), scene(), Content("text/plain", b"####\n#@ #")]


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.media_type)
def test_what_is_written_is_read_again(content: Content) -> None:
    written = STAGE.write(content, ORIGIN)
    assert written is not None
    found = STAGE.read(written)
    assert (found["asset_id"], found["digital_source_type"], found["holder"]) == ("g-1-0", SOURCE_TYPE, "Ada")
    assert found["AIGC"]["Label"] == "1" and found["AIGC"]["ContentProducer"] == "Studio <&>"


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.media_type)
def test_nothing_is_found_where_nothing_was_written(content: Content) -> None:
    assert STAGE.read(content) == {}


def test_pictures_look_as_before() -> None:
    (picture,) = sprites(1)
    written = STAGE.write(png(picture), ORIGIN)
    assert written is not None and (opened(written.data) == picture).all()


def test_animations_play_as_before() -> None:
    written = STAGE.write(webp(), ORIGIN)
    assert written is not None
    image = Image.open(io.BytesIO(written.data))
    assert image.n_frames == 3 and b"trainedAlgorithmicMedia" in image.info["xmp"]  # type: ignore[attr-defined]


def test_music_parses_as_before() -> None:
    mido = pytest.importorskip("mido")
    written = STAGE.write(midi(), ORIGIN)
    assert written is not None
    messages = list(mido.MidiFile(file=io.BytesIO(written.data)).tracks[0])
    assert [message.type for message in messages][-3:] == ["note_on", "note_off", "end_of_track"]
    assert {"text", "copyright"} <= {message.type for message in messages}


def test_scenes_keep_their_buffer_and_get_a_copyright() -> None:
    written = STAGE.write(scene(), ORIGIN)
    assert written is not None and written.data.endswith(b"abcde\0\0\0")
    assert glb_json(written.data)["asset"]["copyright"] == "Ada CC0-1.0"
    assert len(written.data) == struct.unpack_from("<I", written.data, 8)[0]


def test_arrays_have_no_place_for_it() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3), allow_pickle=False)
    assert STAGE.write(Content("application/x-npy", buffer.getvalue()), ORIGIN) is None


@given(st.sampled_from(CONTENTS), st.integers(0, 10_000), st.binary(min_size=1, max_size=40))
def test_damaged_files_are_read_without_a_fault(content: Content, at: int, noise: bytes) -> None:
    written = STAGE.write(content, ORIGIN)
    assert written is not None
    at %= len(written.data)
    damaged = written.data[:at] + noise + written.data[at + len(noise) :]
    assert isinstance(json.dumps(dict(STAGE.read(Content(content.media_type, damaged)))), str)


def test_the_label_is_drawn_into_the_corner() -> None:
    (picture,) = sprites(1, 64)
    drawn = AiGenerated().draw(png(picture))
    assert drawn is not None
    changed = (opened(drawn.data) != picture).any(-1)
    assert changed[50:, 20:].any() and not changed[:40].any()


def test_the_label_begins_a_text() -> None:
    drawn = AiGenerated().draw(Content("text/plain", b"####"))
    assert drawn is not None and drawn.data.decode() == "; AI generated 人工智能生成\n####"


@pytest.mark.parametrize("content", [png(sprites(1, 20)[0]), midi()])
def test_where_nobody_could_read_it_no_label_is_drawn(content: Content) -> None:
    assert AiGenerated().draw(content) is None

"""Where formats keep text: chunks of PNG, WebP and GLB, events of MIDI. Byte by byte, so that the content stays as it is."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n"
GLB_JSON, GLB_BIN = 0x4E4F534A, 0x004E4942


def with_png_chunks(data: bytes, chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The PNG with further chunks (type, body) after its header.

    Raises
    ------
    ValueError
        When it is no PNG.
    """
    if data[:8] != PNG or data[12:16] != b"IHDR":
        raise ValueError("expected a PNG")
    added = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + added + data[33:]


def png_texts(data: bytes) -> Iterator[bytes]:
    """The bodies of the chunks of uncompressed international text; those that are damaged are left out."""
    at = 8
    while data[:8] == PNG and at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"iTXt" and zlib.crc32(kind + body).to_bytes(4, "big") == data[at + 8 + length : at + 12 + length]:
            yield body
        at += 12 + length


def with_webp_xmp(data: bytes, packet: bytes) -> bytes:
    """The WebP with an XMP packet. It must be of the extended kind, as animations are.

    Raises
    ------
    ValueError
        When it is not.
    """
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X":
        raise ValueError("expected an extended WebP")
    flagged = data[:20] + bytes([data[20] | 4]) + data[21:]
    body = flagged[8:] + b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_xmp(data: bytes) -> bytes:
    """The XMP packet of a WebP, or nothing."""
    at = 12
    while data[8:12] == b"WEBP" and at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"XMP ":
            return data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return b""


def with_midi_texts(data: bytes, texts: Sequence[tuple[int, bytes]]) -> bytes:
    """The MIDI file with meta events (1 for text, 2 for copyright) at the beginning of its first track.

    Raises
    ------
    ValueError
        When it is no MIDI file.
    """
    if data[:4] != b"MThd" or data[14:18] != b"MTrk":
        raise ValueError("expected a MIDI file")
    (length,) = struct.unpack_from(">I", data, 18)
    added = b"".join(b"\0\xff" + bytes([kind]) + _variable(len(text)) + text for kind, text in texts)
    return data[:18] + struct.pack(">I", length + len(added)) + added + data[22:]


def midi_texts(data: bytes) -> Iterator[bytes]:
    """The texts at the very beginning of the first track."""
    at = 22
    while data[:4] == b"MThd" and data[at : at + 2] == b"\0\xff" and data[at + 2] in (1, 2):
        length, at = _read_variable(data, at + 3)
        yield data[at : at + length]
        at += length


def _variable(number: int) -> bytes:
    """A number as MIDI writes lengths: seven bits a byte, the highest bit says that more follow."""
    out = bytes([number & 127])
    while number := number >> 7:
        out = bytes([number & 127 | 128]) + out
    return out


def _read_variable(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    while True:
        number = number << 7 | data[at] & 127
        at += 1
        if data[at - 1] < 128:
            return number, at


def glb_json(data: bytes) -> dict[str, Any]:
    """The scene description of a GLB.

    Raises
    ------
    ValueError
        When it is no GLB.
    """
    length, kind = struct.unpack_from("<II", data, 12) if data[:4] == b"glTF" and len(data) >= 20 else (0, 0)
    if kind != GLB_JSON:
        raise ValueError("expected a GLB")
    found: dict[str, Any] = json.loads(data[20 : 20 + length])
    return found


def with_glb_json(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The GLB with its scene description changed."""
    scene = glb_json(data)
    (length,) = struct.unpack_from("<I", data, 12)
    change(scene)
    return glb(scene, data[20 + length :])


def glb(scene: dict[str, Any], chunks: bytes) -> bytes:
    """A GLB of a scene description and the chunks that follow it."""
    text = json.dumps(scene, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(chunks), len(text), GLB_JSON) + text + chunks


def glb_binary(blob: bytes) -> bytes:
    """The chunk that holds a scene's buffer."""
    padded = blob + b"\0" * (-len(blob) % 4)
    return struct.pack("<II", len(padded), GLB_BIN) + padded

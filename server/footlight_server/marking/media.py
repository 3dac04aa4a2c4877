"""What bytes are, by how they begin."""

from __future__ import annotations

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"MThd", "audio/midi"),
    (b"glTF", "model/gltf-binary"),
    (b"\x93NUMPY", "application/x-npy"),
    (b"PK\x03\x04", "model/vnd.usdz+zip"),
)
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/midi": ".mid",
    "model/gltf-binary": ".glb",
    "application/x-npy": ".npy",
    "text/plain": ".txt",
    "model/vnd.usdz+zip": ".usdz",
}


def media_type_of(data: bytes) -> str:
    """The media type; text where it is UTF-8 without control characters, else ``application/octet-stream``."""
    for beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning):
            return media_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain" if all(c.isprintable() or c in "\n\r\t" for c in text) else "application/octet-stream"


def ending_of(media_type: str) -> str:
    """The ending of a file's name, with its dot; empty for types that are not known here."""
    return _ENDINGS.get(media_type, "")

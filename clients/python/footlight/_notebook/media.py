"""Assets as notebooks show them: pictures, sounds, texts, scenes."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from footlight._notebook.glb import drawing
from footlight._notebook.midi import sound

MOST_BYTES = 8 << 20
"""A larger asset is named and not shown: it would be stored in the notebook."""
_INLINE = ("image/png", "image/jpeg", "image/gif")
_SOUNDS = ("audio/wav", "audio/x-wav", "audio/mpeg", "audio/ogg", "audio/flac")


def bundle(asset: Any) -> dict[str, Any]:
    """What is shown of an asset, by media type; always a line of HTML that says what it is."""
    name, size = escape(asset.file_name), len(asset.data)
    label = escape(asset.provenance.label.get("en", "AI generated"))
    said = f"<small>{name}, {size:,} bytes: {label}</small>"
    shown = "" if size > MOST_BYTES else _shown(asset, name)
    return {"text/plain": repr(asset), "text/html": f"<figure>{shown}<figcaption>{said}</figcaption></figure>"}


def _shown(asset: Any, name: str) -> str:
    media, data = asset.media_type, asset.data
    address = f"data:{escape(media)};base64,{base64.b64encode(data).decode()}"
    if media in _INLINE or media == "image/webp":
        return f'<img src="{address}" alt="{name}" style="min-width:8rem;image-rendering:pixelated">'
    if media in _SOUNDS:
        return f'<audio controls src="{address}"></audio>'
    if media == "audio/midi" and (played := sound(data)):
        heard = base64.b64encode(played).decode()
        player = f'<audio controls src="data:audio/wav;base64,{heard}"></audio><br>'
        return player + f'<a download="{name}" href="{address}">{name}</a>'
    if media == "model/gltf-binary":
        return drawing(data) + f'<a download="{name}" href="{address}">{name}</a>'
    if media.startswith("text/") or media == "application/json":
        return f"<pre>{escape(data.decode(errors='replace')[:4_000])}</pre>"
    return f'<a download="{name}" href="{address}">{name}</a>'

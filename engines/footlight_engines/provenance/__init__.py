"""Asset stages: originality, label, watermark, metadata, signature. Pure; keys, redraw, look-up and order are the host's."""

from __future__ import annotations

from footlight_plugins import StageKind, StageSpec, impl

_HERE = "footlight_engines.provenance"


@impl
def register_stages() -> list[StageSpec]:
    """One stage of each kind."""
    return [
        StageSpec(
            name="nearest-sample",
            kind=StageKind.ORIGINALITY,
            version="1.0",
            summary="Distance to the nearest training sample, under the changes that leave a copy a copy.",
            factory=f"{_HERE}.originality:NearestSample",
            requires=("numba",),
        ),
        StageSpec(
            name="ai-generated",
            kind=StageKind.LABEL,
            version="1.0",
            summary="Says 'AI generated', in English and Chinese, as a field and on the picture.",
            factory=f"{_HERE}.label:AiGenerated",
            requires=("PIL",),
        ),
        StageSpec(
            name="chip-qim",
            kind=StageKind.WATERMARK,
            version="1.0",
            summary="32 bits in the brightness of pictures from 48 px up, for the holder of the key.",
            factory=f"{_HERE}.watermark:ChipQim",
            requires=("PIL",),
        ),
        StageSpec(
            name="aigc-and-iptc",
            kind=StageKind.METADATA,
            version="1.0",
            summary="China's AIGC label and IPTC's digital source type, in PNG, WebP, MIDI, GLB and text.",
            factory=f"{_HERE}.metadata:AigcAndIptc",
        ),
        StageSpec(
            name="c2pa",
            kind=StageKind.SIGNATURE,
            version="1.0",
            summary="A C2PA manifest, in the file where its format allows and beside it otherwise.",
            factory=f"{_HERE}.signature:C2pa",
            requires=("c2pa",),
        ),
    ]

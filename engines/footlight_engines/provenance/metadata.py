"""Origin in the metadata of files: the same facts wherever a format has a place for them.

- ``AIGC``: the implicit label of the Chinese measures of 2025 (GB 45438-2025, annex E), a JSON object.
- IPTC's digital source type, ``trainedAlgorithmicMedia``, and rights: in XMP in pictures, as plain fields elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from footlight_engines.provenance import containers
from footlight_plugins import Content
from footlight_plugins.stages import Metadata, Origin

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
TEXT_PREFIX = "; provenance: "


class AigcAndIptc(Metadata):
    """Writes into PNG, WebP, MIDI, GLB and text; NumPy's arrays have no place for it."""

    def write(self, content: Content, origin: Origin) -> Content | None:
        """The content with the origin in it; None for types without a place for it."""
        facts = facts_of(origin, content.data)
        writer = _WRITERS.get(content.media_type)
        return None if writer is None else replace(content, data=writer(content.data, facts))

    def read(self, content: Content) -> Mapping[str, Any]:
        """The facts that are found, flat: ``asset_id``, ``label``, ``digital_source_type``, ``producer`` and so on."""
        reader = _READERS.get(content.media_type)
        try:
            found = None if reader is None else reader(content.data)
            return {} if found is None else found
        except (ValueError, KeyError, TypeError, IndexError, UnicodeError, RecursionError):  # somebody damaged it
            return {}


def facts_of(origin: Origin, data: bytes) -> dict[str, Any]:
    """What is written, as JSON can hold it."""
    aigc = {
        "Label": "1",  # it is generated, not merely possibly so
        "ContentProducer": origin.producer,
        "ProduceID": origin.asset_id,
        "ReservedCode1": hashlib.sha256(data).hexdigest(),  # of the content before this label
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }
    return {
        "AIGC": aigc,
        "digital_source_type": SOURCE_TYPE,
        "asset_id": origin.asset_id,
        "decision_id": origin.decision_id,
        "engine": f"{origin.engine} {origin.engine_version}",
        "model": f"{origin.deployment} {origin.model_version}",
        "create_time": datetime.fromtimestamp(origin.create_time / 1e6, UTC).isoformat(timespec="seconds"),
        "holder": origin.holder,
        "licence": origin.licence,
    }


def _compact(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def xmp_packet(facts: Mapping[str, Any]) -> str:
    """The facts as an XMP packet (ISO 16684-1)."""
    rest = {name: value for name, value in facts.items() if name not in ("AIGC", "digital_source_type")}
    holder, licence = facts["holder"], facts["licence"]
    rights = (
        f"<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>{_escaped(holder)}</rdf:li></rdf:Alt></dc:rights>"
        f"<xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang='x-default'>{_escaped(licence)}</rdf:li></rdf:Alt>"
        "</xmpRights:UsageTerms>"
    )
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>"
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description rdf:about='' xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'"
        " xmlns:TC260='http://www.tc260.org.cn/ns/AIGC/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
        " xmlns:xmpRights='http://ns.adobe.com/xap/1.0/rights/' xmlns:footlight='https://footlight.invalid/xmp/1.0/'"
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(facts['digital_source_type'])}"
        f" TC260:AIGC={quoteattr(_compact(facts['AIGC']))} footlight:Origin={quoteattr(_compact(rest))}>"
        f"{rights if holder or licence else ''}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='r'?>"
    )


def read_xmp(packet: str) -> dict[str, Any] | None:
    """The facts in a packet that `xmp_packet` or a program after it wrote."""
    import xml.etree.ElementTree as tree

    if "<!" in packet:  # a document type could define entities that grow without end
        return None
    body = re.search(r"<x:xmpmeta.*</x:xmpmeta>", packet, re.DOTALL)
    if body is None:
        return None
    try:
        attributes = {
            name.partition("}")[2]: value for node in tree.fromstring(body[0]).iter() for name, value in node.items()
        }
    except tree.ParseError:
        return None
    found: dict[str, Any] = dict(json.loads(attributes.get("Origin", "{}")))
    if "AIGC" in attributes:
        found["AIGC"] = json.loads(attributes["AIGC"])
    if "DigitalSourceType" in attributes:
        found["digital_source_type"] = attributes["DigitalSourceType"]
    return found or None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _write_png(data: bytes, facts: Mapping[str, Any]) -> bytes:
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet(facts).encode()
    aigc = b"AIGC\0\0\0\0\0" + _compact(facts["AIGC"]).encode()  # as programs look for it that read no XMP
    return containers.with_png_chunks(data, [(b"iTXt", xmp), (b"iTXt", aigc)])


def _read_png(data: bytes) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for text in containers.png_texts(data):
        keyword, _, rest = text.partition(b"\0")
        value = rest[2:].split(b"\0", 2)[-1]
        if keyword == b"XML:com.adobe.xmp":
            found |= read_xmp(value.decode()) or {}
        elif keyword == b"AIGC":
            found.setdefault("AIGC", json.loads(value))
    return _completed(found)


def _write_webp(data: bytes, facts: Mapping[str, Any]) -> bytes:
    return containers.with_webp_xmp(data, xmp_packet(facts).encode())


def _read_webp(data: bytes) -> dict[str, Any] | None:
    packet = containers.webp_xmp(data)
    return _completed(read_xmp(packet.decode()) or {}) if packet else None


def _write_midi(data: bytes, facts: Mapping[str, Any]) -> bytes:
    rest = {name: value for name, value in facts.items() if name != "AIGC"}
    texts = [
        (1, "AI generated 人工智能生成"),
        (1, f"AIGC:{_compact(facts['AIGC'])}"),
        (1, f"footlight:{_compact(rest)}"),
    ]
    if facts["holder"] or facts["licence"]:
        texts.append((2, f"{facts['holder']} {facts['licence']}".strip()))
    return containers.with_midi_texts(data, [(kind, text.encode()) for kind, text in texts])


def _read_midi(data: bytes) -> dict[str, Any] | None:
    return _from_lines(text.decode(errors="replace") for text in containers.midi_texts(data))


def _write_glb(data: bytes, facts: Mapping[str, Any]) -> bytes:
    def change(scene: dict[str, Any]) -> None:
        about = scene["asset"]
        about["extras"] = {**about.get("extras", {}), **facts}
        if facts["holder"] or facts["licence"]:
            about["copyright"] = f"{facts['holder']} {facts['licence']}".strip()

    return containers.with_glb_json(data, change)


def _read_glb(data: bytes) -> dict[str, Any] | None:
    return _completed(dict(containers.glb_json(data)["asset"].get("extras", {})))


def _write_text(data: bytes, facts: Mapping[str, Any]) -> bytes:
    end = b"" if data.endswith(b"\n") or not data else b"\n"
    return data + end + (TEXT_PREFIX + _compact(facts)).encode() + b"\n"


def _read_text(data: bytes) -> dict[str, Any] | None:
    lines = [line for line in data.decode(errors="replace").splitlines() if line.startswith(TEXT_PREFIX)]
    return _completed(json.loads(lines[-1].removeprefix(TEXT_PREFIX))) if lines else None


def _from_lines(lines: Iterator[str]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for line in lines:
        if line.startswith("AIGC:"):
            found["AIGC"] = json.loads(line.removeprefix("AIGC:"))
        elif line.startswith("footlight:"):
            found |= json.loads(line.removeprefix("footlight:"))
    return _completed(found)


def _completed(found: dict[str, Any]) -> dict[str, Any] | None:
    """The asset id also where only the AIGC label is left."""
    if "AIGC" in found and not found.get("asset_id"):
        found["asset_id"] = found["AIGC"].get("ProduceID", "")
    return found or None


_WRITERS: Mapping[str, Callable[[bytes, Mapping[str, Any]], bytes]] = {
    "image/png": _write_png,
    "image/webp": _write_webp,
    "audio/midi": _write_midi,
    "model/gltf-binary": _write_glb,
    "text/plain": _write_text,
}
_READERS: Mapping[str, Callable[[bytes], dict[str, Any] | None]] = {
    "image/png": _read_png,
    "image/webp": _read_webp,
    "audio/midi": _read_midi,
    "model/gltf-binary": _read_glb,
    "text/plain": _read_text,
}

"""Signatures by C2PA (c2pa.org, specification 2): a manifest in the file where its format has a place for one, and beside
the file otherwise."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import c2pa

from footlight_engines.provenance.metadata import SOURCE_TYPE
from footlight_plugins import Content
from footlight_plugins.stages import Credentials, Origin, Signature, Signed, Verdict

EMBEDDED = frozenset({"image/png", "image/webp", "image/jpeg", "image/gif"})
ORIGIN = "org.footlight.origin"


class C2pa(Signature):
    """Signs with c2pa-python. No thumbnails: on small pictures they would be larger than the picture, a hundred times."""

    def sign(self, content: Content, origin: Origin, credentials: Credentials) -> Signed:
        """The signed content; see `Signature.sign`."""
        embedded = content.media_type in EMBEDDED
        try:
            signer = _signer(credentials)
            builder = c2pa.Builder(manifest(content.media_type, origin), context=_context(""))
            if not embedded:
                builder.set_no_embed()
            out = io.BytesIO()
            written = builder.sign(signer, content.media_type, io.BytesIO(content.data), out)
        except c2pa.C2paError as fault:
            raise ValueError(f"the content could not be signed: {fault}") from fault
        if embedded:
            return Signed(replace(content, data=out.getvalue()))
        return Signed(content, bytes(written))

    def verify(self, content: Content, sidecar: bytes, anchors: str) -> Verdict:
        """What the manifest says; see `Signature.verify`."""
        try:
            stream = io.BytesIO(content.data)
            reader = c2pa.Reader(content.media_type, stream, sidecar or None, context=_context(anchors))
            report = json.loads(reader.json())
            state = reader.get_validation_state()
        except c2pa.C2paError as fault:
            absent = "ManifestNotFound" in str(fault)
            return Verdict(
                "absent" if absent or not _claims(content.data) else "invalid", problems=() if absent else (str(fault),)
            )
        return _verdict(report, str(state))


def manifest(media_type: str, origin: Origin) -> dict[str, Any]:
    """What is signed besides the bytes."""
    when = datetime.fromtimestamp(origin.create_time / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    created = {
        "action": "c2pa.created",
        "when": when,
        "softwareAgent": {"name": origin.engine, "version": origin.engine_version},
        "digitalSourceType": SOURCE_TYPE,
    }
    facts = {
        "asset_id": origin.asset_id,
        "decision_id": origin.decision_id,
        "deployment": origin.deployment,
        "model_version": origin.model_version,
        "seed": str(origin.seed),  # beyond what every JSON reader can hold
        "content_sha256": origin.content_sha256,
        "producer": origin.producer,
        "holder": origin.holder,
        "licence": origin.licence,
    }
    return {
        "claim_generator_info": [{"name": "footlight", "version": origin.engine_version}],
        "format": media_type,
        "title": origin.asset_id,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": ORIGIN, "data": facts},
        ],
    }


def _verdict(report: dict[str, Any], state: str) -> Verdict:
    active = report.get("manifests", {}).get(report.get("active_manifest", ""), {})
    results = report.get("validation_results", {}).get("activeManifest", {})
    problems = tuple(sorted({failure["code"] for failure in results.get("failure", ())}))
    facts: dict[str, Any] = next((a["data"] for a in active.get("assertions", ()) if a["label"] == ORIGIN), {})
    signer = active.get("signature_info", {})
    name = ", ".join(filter(None, (signer.get("common_name"), signer.get("issuer"))))
    states = {"Trusted": "trusted", "Valid": "untrusted"}
    return Verdict(states.get(state, "invalid"), name, str(facts.get("asset_id", "")), problems)


def _claims(data: bytes) -> bool:
    """Whether there is something in the bytes that was a manifest."""
    return b"c2pa" in data


@lru_cache(maxsize=4)
def _signer(credentials: Credentials) -> Any:
    stamped = credentials.time_stamping.encode() if credentials.time_stamping else None
    info = c2pa.C2paSignerInfo(
        alg=credentials.algorithm.encode(),
        sign_cert=credentials.chain.encode(),
        private_key=credentials.private_key.encode(),
        ta_url=stamped,
    )
    return c2pa.Signer.from_info(info)


@lru_cache(maxsize=4)
def _context(anchors: str) -> Any:
    trust = {"trust": {"user_anchors": anchors}} if anchors else {}
    verify = {"verify_after_sign": False, "remote_manifest_fetch": False}
    return c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}, "verify": verify, **trust})

"""What was found in bytes, and near them."""

from __future__ import annotations

from footlight.v1 import generation_pb2 as pb
from footlight_server.convert.generation import asset_message, originality_message
from footlight_server.convert.values import struct
from footlight_server.dispatch.tracing import CLEAR, FORGIVEN_BITS, Traced, Verified

_STATES = {
    "absent": pb.SIGNATURE_STATE_ABSENT,
    "invalid": pb.SIGNATURE_STATE_INVALID,
    "untrusted": pb.SIGNATURE_STATE_UNTRUSTED,
    "trusted": pb.SIGNATURE_STATE_TRUSTED,
}


def verified_message(found: Verified) -> pb.VerifyAssetResponse:
    """Who made these bytes, and which marks of it survived."""
    return pb.VerifyAssetResponse(
        asset=asset_message(found.asset) if found.asset else None,
        found_by=found.found_by,
        unchanged=found.unchanged,
        signature=_signature(found),
        watermark=_watermark(found),
        metadata=struct(found.metadata),
        labelled="AIGC" in found.metadata or "digital_source_type" in found.metadata,
        originality=originality_message(found.nearest) if found.nearest else None,
        media_type=found.media_type,
    )


def _signature(found: Verified) -> pb.SignatureCheck:
    verdict = found.signature
    if verdict is None:
        return pb.SignatureCheck(state=pb.SIGNATURE_STATE_UNREADABLE, problems=[found.unreadable])
    state = _STATES.get(verdict.state, pb.SIGNATURE_STATE_INVALID)
    return pb.SignatureCheck(state=state, signer=verdict.signer, problems=verdict.problems)


def _watermark(found: Verified) -> pb.WatermarkCheck:
    mark = found.mark
    if mark is None:
        return pb.WatermarkCheck(state=pb.WATERMARK_STATE_IMPOSSIBLE)
    if 0 <= found.wrong_bits <= FORGIVEN_BITS:
        state, wrong = pb.WATERMARK_STATE_FOUND, found.wrong_bits
    elif mark.confidence >= CLEAR:
        state, wrong = pb.WATERMARK_STATE_UNKNOWN, 0
    else:
        state, wrong = pb.WATERMARK_STATE_ABSENT, 0
    return pb.WatermarkCheck(state=state, wrong_bits=wrong, confidence=mark.confidence)


def traced_message(found: Traced) -> pb.TraceContentResponse:
    """What a file is near to."""
    near = (
        pb.NearMatch(
            deployment=one.deployment,
            corpus_id=one.corpus_id,
            nearest=originality_message(one.nearest),
            same=one.nearest.copied,
        )
        for one in found.near
    )
    return pb.TraceContentResponse(
        exact=[pb.CorpusMatch(corpus_id=corpus_id, path=path) for corpus_id, path in found.exact],
        near=near,
        assets=[pb.AssetMatch(asset_id=asset_id, distance=distance) for asset_id, distance in found.assets],
    )

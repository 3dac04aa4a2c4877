"""Corpora and assets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from footlight.v1 import generation_pb2 as pb
from footlight_plugins import Wish
from footlight_plugins.stages import Nearest
from footlight_server.convert.values import struct, timestamp
from footlight_server.corpora.records import AssetRecord, CorpusRecord, Rights
from footlight_server.dispatch.collecting import FilePart, Header, UploadPart
from footlight_server.dispatch.generating import Made, Request, Started
from footlight_server.errors import InvalidArgument

CHUNK_BYTES = 512 * 1024


def corpus_message(corpus: CorpusRecord) -> pb.Corpus:
    """A corpus as answered."""
    return pb.Corpus(
        corpus_id=corpus.corpus_id,
        name=corpus.name,
        file_count=corpus.file_count,
        size_bytes=corpus.size_bytes,
        create_time=timestamp(corpus.create_time),
        rights=rights_message(corpus.rights),
    )


def rights_message(rights: Rights) -> pb.CorpusRights:
    """A declaration as answered."""
    return pb.CorpusRights(holder=rights.holder, licence=rights.licence, statement=rights.statement)


def generate_request(request: pb.GenerateRequest) -> Request:
    """What is asked for."""
    return Request(
        deployment=request.deployment,
        count=request.count,
        seed=request.seed if request.HasField("seed") else None,
        draw_label=request.draw_label,
        wish=Wish(request.class_name, request.truncation),
        toward=request.interpolate_to_seed if request.HasField("interpolate_to_seed") else None,
        animate=request.animate,
    )


def asset_message(asset: AssetRecord) -> pb.Asset:
    """An asset as answered; its bytes follow."""
    return pb.Asset(
        asset_id=asset.asset_id,
        decision_id=asset.decision_id,
        deployment=asset.deployment,
        model_version=asset.model_version,
        seed=asset.seed,
        media_type=asset.media_type,
        size_bytes=asset.size_bytes,
        sha256=asset.sha256,
        attributes=struct(asset.attributes),
        create_time=timestamp(asset.create_time),
        content_seed=asset.content_seed,
        redraw_count=asset.redraw_count,
        content_sha256=asset.content_sha256,
        sidecar=asset.sidecar,
        provenance=provenance_message(asset.provenance),
        corpus_id=asset.corpus_id,
    )


_PLACES = {
    "none": pb.SIGNATURE_PLACE_NONE,
    "embedded": pb.SIGNATURE_PLACE_EMBEDDED,
    "sidecar": pb.SIGNATURE_PLACE_SIDECAR,
}


def provenance_message(facts: Mapping[str, Any]) -> pb.Provenance:
    """What was done to an asset; of one that was made before there were stages, nothing."""
    found = facts.get("originality")
    return pb.Provenance(
        originality=originality_message(Nearest(**found)) if found else None,
        label=facts.get("label", {}),
        label_drawn=facts.get("label_drawn", False),
        watermarked=facts.get("watermarked", False),
        metadata_written=facts.get("metadata_written", False),
        signature_place=_PLACES.get(facts.get("signature", ""), pb.SIGNATURE_PLACE_UNSPECIFIED),
        left_out=facts.get("left_out", {}),
        rights=rights_message(Rights(**facts.get("rights", {}))),
    )


def originality_message(nearest: Nearest) -> pb.Originality:
    """The nearest training sample."""
    return pb.Originality(
        nearest_path=nearest.name, distance=nearest.distance, limit=nearest.limit, transform=nearest.transform
    )


def started_message(started: Started) -> pb.GenerateResponse:
    """What will be made."""
    return pb.GenerateResponse(
        started=pb.GenerationStarted(
            decision_id=started.decision_id,
            deployment=started.deployment,
            model_version=started.model_version,
            seed=started.seed,
            count=started.count,
        )
    )


def made_messages(made: Made, done: int, redraws: int) -> Iterator[pb.GenerateResponse]:
    """A finished asset, its bytes, and how far the call is."""
    yield pb.GenerateResponse(asset=asset_message(made.asset))
    for chunk in chunks(made.data):
        yield pb.GenerateResponse(data=chunk)
    yield pb.GenerateResponse(progress=pb.GenerationProgress(done_count=done, redraw_count=redraws))


def read_messages(made: Made) -> Iterator[pb.GetAssetResponse]:
    """An asset and its bytes."""
    yield pb.GetAssetResponse(asset=asset_message(made.asset))
    for chunk in chunks(made.data):
        yield pb.GetAssetResponse(data=chunk)


def chunks(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces that fit into a message."""
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


async def upload_parts(requests: AsyncIterator[pb.UploadCorpusRequest]) -> AsyncIterator[UploadPart]:
    """The messages of an upload.

    Raises
    ------
    InvalidArgument
        When a message is empty.
    """
    async for request in requests:
        match request.WhichOneof("part"):
            case "header":
                header = request.header
                declared = Rights(header.rights.holder, header.rights.licence, header.rights.statement)
                yield Header(header.name, header.file_count, declared)
            case "file":
                yield FilePart(request.file.path, request.file.size_bytes, request.file.sha256 or None)
            case "chunk":
                yield request.chunk
            case _:
                raise InvalidArgument("part", "is required: a header, a file or a chunk")

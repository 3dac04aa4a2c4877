"""Corpora and assets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from footlight.v1 import generation_pb2 as pb
from footlight_server.convert.values import struct, timestamp
from footlight_server.corpora.records import AssetRecord, CorpusRecord
from footlight_server.dispatch.collecting import FilePart, Header, UploadPart
from footlight_server.dispatch.generating import Made, Started
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


def made_messages(made: Made, done: int) -> Iterator[pb.GenerateResponse]:
    """A finished asset, its bytes, and how far the call is."""
    yield pb.GenerateResponse(asset=asset_message(made.asset))
    for chunk in chunks(made.data):
        yield pb.GenerateResponse(data=chunk)
    yield pb.GenerateResponse(progress=pb.GenerationProgress(done_count=done))


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
                yield Header(request.header.name, request.header.file_count)
            case "file":
                yield FilePart(request.file.path, request.file.size_bytes, request.file.sha256 or None)
            case "chunk":
                yield request.chunk
            case _:
                raise InvalidArgument("part", "is required: a header, a file or a chunk")

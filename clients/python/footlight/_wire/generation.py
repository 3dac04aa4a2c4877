"""Calls of the GenerationService, but for the upload."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from footlight._wire.building import built, several
from footlight._wire.calls import Page, Stream, Unary
from footlight._wire.values import from_struct, from_timestamp
from footlight.errors import InternalError
from footlight.types import (
    Asset,
    Corpus,
    NearSample,
    Originality,
    Provenance,
    PublishedAsset,
    Rights,
    TracedContent,
    VerifiedAsset,
)
from footlight.v1 import generation_pb2 as pb

MAX_PAGE = 1_000

GenerateProgress = Callable[[int, int], None]


def list_corpora(page_token: str) -> Unary[pb.ListCorporaResponse, Page[Corpus]]:
    request = pb.ListCorporaRequest(page_size=MAX_PAGE, page_token=page_token)
    return Unary("GenerationService/ListCorpora", request, pb.ListCorporaResponse, _corpora)


def delete_corpus(corpus_id: str) -> Unary[pb.DeleteCorpusResponse, None]:
    request = pb.DeleteCorpusRequest(corpus_id=corpus_id)
    return Unary("GenerationService/DeleteCorpus", request, pb.DeleteCorpusResponse, lambda _: None)


def generate_request(
    deployment: str,
    count: int,
    seed: int | None,
    draw_label: bool,
    class_name: str,
    truncation: float,
    way: tuple[int | None, bool],
) -> pb.GenerateRequest:
    return built(
        pb.GenerateRequest,
        deployment=deployment,
        count=count,
        seed=seed,
        draw_label=draw_label,
        class_name=class_name,
        truncation=truncation,
        interpolate_to_seed=way[0],
        animate=way[1],
    )


def publish_request(asset_id: str, item_id: str, title: str, kind: str, tags: Sequence[str]) -> pb.PublishAssetRequest:
    return built(
        pb.PublishAssetRequest,
        asset_id=asset_id,
        item_id=item_id,
        title=title,
        kind=kind,
        tags=list(several("tags", tags)),
    )


def generate(request: pb.GenerateRequest, on_progress: GenerateProgress | None) -> Stream[pb.GenerateResponse, Asset]:
    assets = AssetReader(on_progress)
    return Stream("GenerationService/Generate", request, pb.GenerateResponse, assets.generated, assets.finish)


def get_asset(asset_id: str) -> Stream[pb.GetAssetResponse, Asset]:
    request, assets = pb.GetAssetRequest(asset_id=asset_id), AssetReader(None)
    return Stream("GenerationService/GetAsset", request, pb.GetAssetResponse, assets.read_again, assets.finish)


def publish_asset(request: pb.PublishAssetRequest) -> Unary[pb.PublishAssetResponse, PublishedAsset]:
    def read(answer: pb.PublishAssetResponse) -> PublishedAsset:
        return PublishedAsset(answer.item_id, answer.created)

    return Unary("GenerationService/PublishAsset", request, pb.PublishAssetResponse, read)


def verify_asset(data: bytes, sidecar: bytes, media_type: str) -> Unary[pb.VerifyAssetResponse, VerifiedAsset]:
    request = pb.VerifyAssetRequest(data=data, sidecar=sidecar, media_type=media_type)
    return Unary("GenerationService/VerifyAsset", request, pb.VerifyAssetResponse, _verified)


def trace_content(data: bytes, file_name: str, count: int) -> Unary[pb.TraceContentResponse, TracedContent]:
    request = pb.TraceContentRequest(data=data, file_name=file_name, count=count)
    return Unary("GenerationService/TraceContent", request, pb.TraceContentResponse, _traced)


class AssetReader:
    """Puts assets together: a message that describes one, then its bytes in pieces."""

    def __init__(self, on_progress: GenerateProgress | None) -> None:
        self._on_progress = on_progress
        self._count = 0
        self._open: Asset | None = None
        self._size = 0
        self._data = bytearray()

    def generated(self, message: pb.GenerateResponse) -> Asset | None:
        """The asset that this message of Generate completes, if any."""
        match message.WhichOneof("part"):
            case "started":
                self._count = message.started.count
            case "progress" if self._on_progress is not None:
                self._on_progress(message.progress.done_count, self._count)
            case "asset":
                return self._begin(message.asset)
            case "data":
                return self._more(message.data)
        return None

    def read_again(self, message: pb.GetAssetResponse) -> Asset | None:
        """The asset that this message of GetAsset completes, if any."""
        if message.WhichOneof("part") == "asset":
            return self._begin(message.asset)
        return self._more(message.data)

    def _begin(self, asset: pb.Asset) -> Asset | None:
        self._open, self._size, self._data = asset_from_wire(asset), asset.size_bytes, bytearray()
        return self._more(b"")

    def _more(self, data: bytes) -> Asset | None:
        self._data += data
        if self._open is None or len(self._data) < self._size:
            return None
        asset, self._open = replace(self._open, data=bytes(self._data)), None
        if sha256(asset.data).digest() != asset.sha256:
            raise InternalError(
                f"the bytes of asset {asset.asset_id} do not match its checksum",
                code="DATA_LOSS",
                reason="ASSET_DAMAGED",
            )
        return asset

    def finish(self) -> None:
        """Raises where the last asset is not complete."""
        if self._open is not None:
            raise cut_short(self._open.asset_id)


def cut_short(asset_id: str) -> InternalError:
    """The error of a stream that ended before an asset was complete."""
    return InternalError(f"the server sent no complete asset {asset_id}", code="DATA_LOSS", reason="ASSET_INCOMPLETE")


def asset_from_wire(asset: pb.Asset) -> Asset:
    """The asset without its bytes."""
    return Asset(
        asset_id=asset.asset_id,
        decision_id=asset.decision_id,
        deployment=asset.deployment,
        model_version=asset.model_version,
        seed=asset.seed,
        media_type=asset.media_type,
        sha256=asset.sha256,
        attributes=from_struct(asset.attributes),
        create_time=from_timestamp(asset, "create_time"),
        content_seed=asset.content_seed,
        redraw_count=asset.redraw_count,
        content_sha256=asset.content_sha256,
        corpus_id=asset.corpus_id,
        provenance=_provenance(asset.provenance),
        sidecar=asset.sidecar,
    )


def _provenance(facts: pb.Provenance) -> Provenance:
    place = pb.SignaturePlace.Name(facts.signature_place).removeprefix("SIGNATURE_PLACE_").lower()
    return Provenance(
        originality=_originality(facts.originality) if facts.HasField("originality") else None,
        label=dict(facts.label),
        label_drawn=facts.label_drawn,
        watermarked=facts.watermarked,
        metadata_written=facts.metadata_written,
        signature=place,
        left_out=dict(facts.left_out),
        rights=_rights(facts.rights),
    )


def _originality(found: pb.Originality) -> Originality:
    return Originality(found.nearest_path, found.distance, found.limit, found.transform)


def _rights(rights: pb.CorpusRights) -> Rights:
    return Rights(rights.holder, rights.licence, rights.statement)


def _verified(found: pb.VerifyAssetResponse) -> VerifiedAsset:
    return VerifiedAsset(
        media_type=found.media_type,
        asset=asset_from_wire(found.asset) if found.HasField("asset") else None,
        found_by=tuple(found.found_by),
        unchanged=found.unchanged,
        signature=pb.SignatureState.Name(found.signature.state).removeprefix("SIGNATURE_STATE_").lower(),
        signer=found.signature.signer,
        problems=tuple(found.signature.problems),
        watermark=pb.WatermarkState.Name(found.watermark.state).removeprefix("WATERMARK_STATE_").lower(),
        wrong_bits=found.watermark.wrong_bits,
        watermark_confidence=found.watermark.confidence,
        metadata=from_struct(found.metadata),
        labelled=found.labelled,
        originality=_originality(found.originality) if found.HasField("originality") else None,
    )


def _traced(found: pb.TraceContentResponse) -> TracedContent:
    near = (NearSample(one.deployment, one.corpus_id, _originality(one.nearest), one.same) for one in found.near)
    return TracedContent(
        exact=tuple((one.corpus_id, one.path) for one in found.exact),
        near=tuple(near),
        assets=tuple((one.asset_id, one.distance) for one in found.assets),
    )


def corpus_from_wire(corpus: pb.Corpus) -> Corpus:
    create_time = from_timestamp(corpus, "create_time")
    rights = _rights(corpus.rights)
    return Corpus(corpus.corpus_id, corpus.name, corpus.file_count, corpus.size_bytes, create_time, rights)


def _corpora(answer: pb.ListCorporaResponse) -> Page[Corpus]:
    return Page(list(map(corpus_from_wire, answer.corpora)), answer.next_page_token)

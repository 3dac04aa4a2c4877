"""Calls of the GenerationService, but for the upload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from footlight._wire.calls import Page, Stream, Unary
from footlight._wire.values import from_struct, from_timestamp
from footlight.errors import InternalError
from footlight.types import Asset, Corpus
from footlight.v1 import generation_pb2 as pb

MAX_PAGE = 1_000

GenerateProgress = Callable[[int, int], None]


def list_corpora(page_token: str) -> Unary[pb.ListCorporaResponse, Page[Corpus]]:
    request = pb.ListCorporaRequest(page_size=MAX_PAGE, page_token=page_token)
    return Unary("GenerationService/ListCorpora", request, pb.ListCorporaResponse, _corpora)


def delete_corpus(corpus_id: str) -> Unary[pb.DeleteCorpusResponse, None]:
    request = pb.DeleteCorpusRequest(corpus_id=corpus_id)
    return Unary("GenerationService/DeleteCorpus", request, pb.DeleteCorpusResponse, lambda _: None)


def generate(
    deployment: str, count: int, seed: int | None, on_progress: GenerateProgress | None
) -> Stream[pb.GenerateResponse, Asset]:
    request = pb.GenerateRequest(deployment=deployment, count=count, seed=seed)
    read = AssetReader(on_progress).generated
    return Stream("GenerationService/Generate", request, pb.GenerateResponse, read)


def get_asset(asset_id: str) -> Stream[pb.GetAssetResponse, Asset]:
    request = pb.GetAssetRequest(asset_id=asset_id)
    return Stream("GenerationService/GetAsset", request, pb.GetAssetResponse, AssetReader(None).read_again)


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
                f"the bytes of asset {asset.asset_id} do not match its checksum", reason="ASSET_DAMAGED"
            )
        return asset


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
    )


def corpus_from_wire(corpus: pb.Corpus) -> Corpus:
    create_time = from_timestamp(corpus, "create_time")
    return Corpus(corpus.corpus_id, corpus.name, corpus.file_count, corpus.size_bytes, create_time)


def _corpora(answer: pb.ListCorporaResponse) -> Page[Corpus]:
    return Page(list(map(corpus_from_wire, answer.corpora)), answer.next_page_token)

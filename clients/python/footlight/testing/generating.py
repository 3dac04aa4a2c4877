"""Makes small grey pictures: the same for the same seed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from random import Random
from typing import Any

from footlight.testing.faults import unknown
from footlight.v1 import generation_pb2 as pb
from footlight.v1 import generation_pb2_grpc as stubs

SIDE = 16


class Generating(stubs.GenerationServiceServicer):
    """GenerationService, as far as it makes assets."""

    def __init__(self) -> None:
        self.assets: dict[str, tuple[pb.Asset, bytes]] = {}
        self._numbers = count(1)

    def Generate(self, request: pb.GenerateRequest, context: Any) -> Iterator[pb.GenerateResponse]:
        decision_id, wanted = f"g-{next(self._numbers)}", request.count or 1
        deployment = request.deployment or "pictures"
        started = pb.GenerationStarted(
            decision_id=decision_id, deployment=deployment, model_version=1, seed=request.seed, count=wanted
        )
        yield pb.GenerateResponse(started=started)
        for number in range(wanted):
            data = picture(request.seed + number)
            asset = pb.Asset(
                asset_id=f"{decision_id}-{number}",
                decision_id=decision_id,
                deployment=deployment,
                model_version=1,
                seed=request.seed + number,
                media_type="image/png",
                size_bytes=len(data),
                sha256=sha256(data).digest(),
                provenance=pb.Provenance(label={"en": "AI generated"}),
            )
            self.assets[asset.asset_id] = asset, data
            yield pb.GenerateResponse(progress=pb.GenerationProgress(done_count=number + 1))
            yield pb.GenerateResponse(asset=asset)
            yield pb.GenerateResponse(data=data)

    def GetAsset(self, request: pb.GetAssetRequest, context: Any) -> Iterator[pb.GetAssetResponse]:
        if request.asset_id not in self.assets:
            unknown(context, "asset", request.asset_id)
        asset, data = self.assets[request.asset_id]
        yield pb.GetAssetResponse(asset=asset)
        yield pb.GetAssetResponse(data=data)


def picture(seed: int) -> bytes:
    """A PNG of 16 by 16 grey levels."""
    levels = Random(seed)
    rows = b"".join(b"\0" + levels.randbytes(SIDE) for _ in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

"""Calls of Generate a second with 64 callers, each for one picture, with and without putting calls together."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from footlight import AsyncClient, Client

SIZE = 64


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bare", action="store_true", help="without the stages of provenance")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for name, batch in (("together", "64"), ("alone", "1")):
        figures |= {f"{name}: {what}": value for what, value in measured(batch, arguments).items()}
    figures["calls a second, together over alone"] = (
        figures["together: calls a second"] / figures["alone: calls a second"]
    )
    for name, value in figures.items():
        print(f"{name:<44} {value:>10.4g}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def measured(batch: str, arguments: argparse.Namespace) -> dict[str, float]:
    """A server of its own for each."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", folder, "--listen", "127.0.0.1:0"]
        command += ["--ready-file", str(ready), "--generator-batch", batch, "--queue-seconds", "30"]
        for stage in ("originality", "watermark", "metadata", "signature") if arguments.bare else ():
            command += ["--stage", f"{stage}=off"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            address = ready.read_text().split()[0]
            _train(Client(address))
            return asyncio.run(_asked(address, arguments.callers, arguments.seconds))
        finally:
            server.terminate()
            server.wait()


def _train(client: Client) -> None:
    files, rng = {}, np.random.default_rng(0)
    for i in range(100):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)).save(buffer, "PNG")
        files[f"{i}.png"] = buffer.getvalue()
    corpus = client.upload_corpus("pictures", files)
    client.train("image-gan", {"steps": 5, "size": SIZE, "evaluations": 0}, corpus_id=corpus.corpus_id, seed=0)


async def _asked(address: str, callers: int, seconds: float) -> dict[str, float]:
    async with AsyncClient(address) as client:
        took: list[float] = []
        end = time.monotonic() + seconds + 2

        async def call(number: int) -> None:
            while time.monotonic() < end:
                start = time.monotonic()
                async for _ in client.generate(deployment="image-gan", seed=number):
                    pass
                if start > end - seconds:
                    took.append(time.monotonic() - start)

        await asyncio.gather(*(call(number) for number in range(callers)))
    ordered = sorted(took)
    return {
        "calls a second": len(took) / seconds,
        "p50, ms": 1e3 * ordered[len(ordered) // 2],
        "p99, ms": 1e3 * ordered[int(0.99 * len(ordered))],
    }


if __name__ == "__main__":
    main()

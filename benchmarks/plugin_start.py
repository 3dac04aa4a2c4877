"""What installed plug-ins add to the start of a server: python benchmarks/plugin_start.py --plugins 50"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_MODULE = """from footlight_plugins import EngineSpec, Verb, impl

@impl
def register_engines():
    return [EngineSpec("stranger-{i}", Verb.RECOMMEND, "1", "One of many.", "stranger_{i}_engine:Engine")]
"""
_LOAD = (
    "import time, sys; import footlight_plugins.loader as loader; begin = time.perf_counter(), time.process_time();"
    "found = loader.load_plugins(); took = time.perf_counter() - begin[0]; busy = time.process_time() - begin[1];"
    "heavy = [name for name in ('torch', 'numba', 'pandas') if name in sys.modules];"
    "print(took, busy, len(found.engines), len(sys.modules), ','.join(heavy))"
)


def install(folder: Path, count: int) -> None:
    """Lay so many distributions into a folder, as an installer would: a module, and its metadata."""
    for i in range(count):
        (folder / f"stranger_{i}.py").write_text(_MODULE.format(i=i))
        (folder / f"stranger_{i}_engine.py").write_text("import torch\n")
        info = folder / f"footlight_stranger_{i}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: footlight-stranger-{i}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[footlight]\nstranger-{i} = stranger_{i}\n")


def load(folder: Path) -> tuple[float, float, int, int, str]:
    """Seconds that loading took in a fresh process, those that the processor was busy, engines and modules that there are
    then, and heavy ones among them."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True, env=environment)
    took, busy, engines, modules, *heavy = done.stdout.split()
    return float(took), float(busy), int(engines), int(modules), "".join(heavy)


def measure(count: int, repeats: int) -> dict[str, object]:
    """The median of loading with and without the plug-ins."""
    with tempfile.TemporaryDirectory() as with_them, tempfile.TemporaryDirectory() as without:
        install(Path(with_them), count)
        load(Path(with_them))  # byte code is compiled once, by an installer or by the first start
        more = [load(Path(with_them)) for _ in range(repeats)]
        bare = [load(Path(without)) for _ in range(repeats)]
    wall, wall_bare = (statistics.median(one[0] for one in runs) for runs in (more, bare))
    busy, busy_bare = (statistics.median(one[1] for one in runs) for runs in (more, bare))
    return {
        "plugins": count,
        "added_ms": round((wall - wall_bare) * 1e3, 1),
        "added_cpu_ms": round((busy - busy_bare) * 1e3, 1),
        "without_ms": round(wall_bare * 1e3, 1),
        "modules_added": more[0][3] - bare[0][3],
        "heavy": more[0][4],
    }


def main() -> None:
    """Print a table, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=9)
    chosen = parser.parse_args()
    facts = measure(chosen.plugins, chosen.repeats)
    print(
        "{plugins} plug-ins add {added_ms} ms ({added_cpu_ms} of the processor) and {modules_added} modules".format(
            **facts
        )
    )
    print(json.dumps(facts))


if __name__ == "__main__":
    main()

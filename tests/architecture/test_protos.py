"""The wire is well described, and the committed modules and descriptor set are what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")
DESCRIPTORS = "footlight/v1/footlight.binpb"


def generated_below(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*_pb2*") if path.name.endswith(SUFFIXES))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in (*paths, folder / DESCRIPTORS)}


def test_what_is_generated_is_committed_as_it_would_be_generated_now(root: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(root / "protos"), str(tmp_path)], check=True)
    fresh, committed = generated_below(tmp_path), generated_below(root / "clients" / "python")
    stale = [path for path in sorted(fresh | committed) if fresh.get(path) != committed.get(path)]
    assert stale == [], "run `make protos` and commit the result"


def test_every_file_of_the_wire_has_its_four_modules(root: Path) -> None:
    protos = {path.relative_to(root / "protos").with_suffix("").as_posix() for path in root.glob("protos/**/*.proto")}
    wanted = {name + suffix for name in protos for suffix in SUFFIXES}
    assert set(generated_below(root / "clients" / "python")) == wanted | {DESCRIPTORS}


def test_the_wire_keeps_the_rules_and_every_element_is_commented(root: Path) -> None:
    buf = Path(sys.executable).parent / "buf"
    found = subprocess.run([buf, "lint"], cwd=root, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_wire_imports_nothing_beyond_protobuf_itself(root: Path) -> None:
    lines = [line for path in root.glob("protos/**/*.proto") for line in path.read_text().splitlines()]
    imported = [line.split('"')[1] for line in lines if line.startswith("import ")]
    assert [name for name in imported if not name.startswith(("google/protobuf/", "footlight/v1/"))] == []

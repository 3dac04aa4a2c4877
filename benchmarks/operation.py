"""What authentication, metrics and the access log add to a call together. Needs h2load.

Two servers answer the same call in turn: one with a token in each call, metrics and an access log, the other without any of
them; there the methods are not even observed. The engine does nothing, as in overhead.py.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from overhead import IDENTITY, ITEMS
from side_by_side import RECOMMEND, Load, Server, check_tools, footlight_server, framed, run_round, table

import footlight
from footlight.v1 import recommendation_pb2 as pb

BARE = (
    "-c",
    "from footlight_server.telemetry.sight import Sight; Sight.observe = lambda *_: None; "
    "from footlight.cli import main; main()",
)


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    check_tools()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder), Load(options.seconds, options.rounds))
    print(json.dumps(figures, indent=2) if options.json else table(figures))


def _measure(folder: Path, load: Load) -> dict[str, float]:
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "identity.py").write_text(IDENTITY)
    for name in ("bare", "full"):
        (folder / name).mkdir()
    data = folder / "full" / "data"
    log = folder / "access.jsonl"
    token = _token(data)
    full_options = ("--require-token", "--metrics-listen", "127.0.0.1:0", "--access-log", str(log))
    with (
        footlight_server(folder / "bare", "--plugins-dir", str(plugins), start=BARE) as bare,
        footlight_server(folder / "full", "--plugins-dir", str(plugins), *full_options) as full,
    ):
        _stock(bare, "")
        _stock(full, token)
        targets = {"bare": bare, "full": replace(full, headers=(f"authorization: Bearer {token}",))}
        figures = _compare(folder, targets, load)
    figures["access_log_lines"] = float(len(log.read_text().splitlines()))
    return figures


def _compare(folder: Path, targets: dict[str, Server], load: Load) -> dict[str, float]:
    request = pb.RecommendRequest(user_id="somebody", deployment="identity", count=10)
    body = framed(request, folder / "body")
    rounds = []
    for number in range(load.rounds):  # each begins as often as the other
        names = list(targets)[:: 1 if number % 2 else -1]
        rounds.append({name: run_round(targets[name], RECOMMEND, body, (load.seconds, 100)) for name in names})
    figures: dict[str, float] = {}
    for name in targets:
        figures[f"{name}_calls_per_second"] = statistics.median(one[name][0] for one in rounds)
        figures[f"{name}_cpu_us_per_call"] = statistics.median(one[name][1] for one in rounds)
    figures["added_cpu_us_per_call"] = statistics.median(one["full"][1] - one["bare"][1] for one in rounds)
    return figures


def _token(data: Path) -> str:
    scopes = ("--scope", "read", "--scope", "write")
    command = [sys.executable, "-m", "footlight.cli", "tokens", "create", "benchmark", *scopes]
    made = subprocess.run(
        [*command, "--data-dir", str(data), "--json"], capture_output=True, text=True, check=True
    ).stdout
    return str(json.loads(made)["token"])


def _stock(server: Server, token: str) -> None:
    with footlight.Client(server.address, token=token or None) as client:
        client.put_items([footlight.Item(f"item-{n:04}", f"Item {n}") for n in range(ITEMS)])
        client.record_events([footlight.Event("somebody", "item-0999", footlight.EventKind.PLAY)])


if __name__ == "__main__":
    main()

"""What the server tells a training process, and what it hears from it: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Task(StrEnum):
    """What a process is to make."""

    TRAIN = "train"
    """A new version of a model."""
    CHECKPOINT = "checkpoint"
    """A checkpoint of the version that serves, at the order's log position."""
    SCRUB = "scrub"
    """The versions of the deployment without those who were erased since they were made."""


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a process needs to know."""

    engine: str
    deployment: str
    options: Mapping[str, Any]
    seed: int
    tenant: str
    database_url: str
    models_dir: str
    directory: str
    """The job's own folder, for checkpoints."""
    log_position: int
    erasure_epoch: int
    corpus_id: str
    corpus_files: tuple[tuple[str, str], ...]
    """(path as the owner calls it, where its bytes are)."""
    plugins_dir: str
    disabled: tuple[str, ...]
    threads: int
    task: Task = Task.TRAIN
    model_version: int = 0
    """Whose checkpoint is to be made; 0 for an engine that needs no training."""
    originality: str = ""
    """The stage that makes an index of what was learned from; empty for none."""
    allowed: tuple[str, ...] | None = None
    """The only plug-ins that are imported beside the built-ins; None for all."""
    isolated: tuple[str, ...] = ()
    """The plug-ins whose parts the engine asks for in processes of their own."""
    isolated_bytes: int = 2 << 30
    """How much memory such a process may take."""

    def to_line(self) -> str:
        """The order as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @staticmethod
    def from_line(line: str) -> Order:
        """The order that `to_line` wrote."""
        fields = json.loads(line)
        fields["corpus_files"] = tuple((path, location) for path, location in fields["corpus_files"])
        fields["task"] = Task(fields["task"])
        fields["disabled"], fields["isolated"] = tuple(fields["disabled"]), tuple(fields["isolated"])
        fields["allowed"] = None if fields["allowed"] is None else tuple(fields["allowed"])
        return Order(**fields)


@dataclass(frozen=True, slots=True)
class Report:
    """One line from a training process: progress, or how it ended."""

    fraction: float = 0.0
    step: int = 0
    metrics: Mapping[str, float] | None = None
    version: int = 0
    """Set when it has made a model."""
    checkpoint: tuple[int, int, int] | None = None
    """Set when it has made a checkpoint: its version, log position and erasure epoch."""
    error: str = ""
    """Set when it failed."""
    stopped: bool = False
    """Set when it stopped because it was told to."""
    notes: tuple[str, ...] = ()
    """All that the engine has had to say so far."""

    def to_line(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @staticmethod
    def from_line(line: str) -> Report:
        """The report that `to_line` wrote."""
        fields = json.loads(line)
        return Report(**fields | {"notes": tuple(fields["notes"])})

"""The index of training samples that a model version carries, beside what its engine has learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from footlight_plugins import State

PREFIX = "originality:"
NAMES = PREFIX + "names"
META = "originality"


def joined(state: State, index: State, stage: str) -> State:
    """One state to be stored. Names are kept as bytes: there may be a hundred thousand."""
    meta = dict(index.meta)
    names = "\n".join(meta.pop("names", ())).encode()
    arrays = {PREFIX + name: array for name, array in index.arrays.items()}
    arrays[NAMES] = np.frombuffer(names or b"\0", np.uint8).copy()
    return State({**state.arrays, **arrays}, {**state.meta, META: {"stage": stage, "index": meta}})


def parted(state: State) -> tuple[State, State | None, str]:
    """What the engine stored, the index where there is one, and the stage that made it."""
    about: Mapping[str, Any] | None = state.meta.get(META)
    if about is None or NAMES not in state.arrays:
        return state, None, ""
    engine = {name: array for name, array in state.arrays.items() if not name.startswith(PREFIX)}
    index = {name.removeprefix(PREFIX): array for name, array in state.arrays.items() if name.startswith(PREFIX)}
    names = index.pop("names").tobytes().decode().rstrip("\0").split("\n")
    meta = {name: value for name, value in state.meta.items() if name != META}
    return State(engine, meta), State(index, {**about["index"], "names": names}), str(about["stage"])

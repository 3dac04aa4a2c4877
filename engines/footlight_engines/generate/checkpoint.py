"""Checkpoints of a training: tensors and JSON in one safetensors file, swapped in whole. Never pickle."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

_log = logging.getLogger(__name__)

NAME = "checkpoint.safetensors"


def save_checkpoint(directory: Path, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]) -> None:
    """Write a checkpoint that is either there whole or not at all, and survives a power cut once this returns."""
    directory.mkdir(parents=True, exist_ok=True)
    partial = directory / (NAME + ".partial")
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with partial.open("wb") as file:
        file.write(save(on_cpu, {"footlight": json.dumps(meta)}))
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, directory / NAME)


def load_checkpoint(directory: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """The tensors and the JSON of the last checkpoint, or None where there is none that can be read."""
    path = directory / NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads(file.metadata()["footlight"])
            return {name: file.get_tensor(name) for name in file.keys()}, meta  # noqa: SIM118  # not a mapping
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        _log.warning("%s cannot be read (%s): the training starts from the beginning", path, error)
        return None


def optimizer_tensors(name: str, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """An optimiser's moments and step counts, flat: ``name.parameter.field``."""
    moments = optimizer.state_dict()["state"]
    return {f"{name}.{i}.{key}": value for i, fields in moments.items() for key, value in fields.items()}


def load_optimizer(name: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `optimizer_tensors` took out."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for key, value in tensors.items():
        owner, _, rest = key.partition(".")
        if owner == name:
            i, _, field = rest.partition(".")
            like = parameters[int(i)]
            if value.shape == like.shape:  # fused optimisers go through memory: it must be laid out as the parameter is
                value = torch.empty_like(like, dtype=value.dtype).copy_(value)
            state.setdefault(int(i), {})[field] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

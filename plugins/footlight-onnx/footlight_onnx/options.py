"""The options, apart from the engines: to read them nobody has to import onnxruntime."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from footlight_plugins import Options


class RecommenderOptions(Options):
    """Which model, and how the catalogue's items are its rows."""

    model: str = Field(
        "recommender.onnx",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        description="A file in the folder that the operator names in $FOOTLIGHT_ONNX_MODELS.",
    )
    index_attribute: str = Field(
        "model_index",
        min_length=1,
        description="The attribute of an item that says which row of the model it is, from 0 on.",
    )
    first_row: int = Field(
        0,
        ge=0,
        le=1,
        description="What the model calls row 0: 1 where it keeps 0 for what is filled up, as SASRec's do.",
    )
    padding: int = Field(
        0, ge=-1, description="What fills up a history that is shorter than the model wants, at its start."
    )
    length: int = Field(
        50, ge=1, le=10_000, description="At most so many of the latest items go in, if the model takes any."
    )
    threads: int = Field(1, ge=1, le=64, description="Threads of the CPU.")


class GeneratorOptions(Options):
    """What becomes of the model's output."""

    media: Literal["auto", "png", "npy"] = Field(
        "auto",
        description="auto makes a PNG of what has the shape of a picture with 1, 3 or 4 channels, else an array.",
    )
    low: float = Field(-1.0, description="This value of the output is black.")
    high: float = Field(1.0, description="This value of the output is white.")
    size: int = Field(64, ge=1, le=65_536, description="The length of the noise, where the model does not say it.")
    threads: int = Field(1, ge=1, le=64, description="Threads of the CPU.")

"""A recommender whose scores come from a model in ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_onnx.folder import read_model
from footlight_onnx.model import Model, as_array, from_state
from footlight_onnx.options import RecommenderOptions
from footlight_plugins import Events, ItemContent, Options, Query, ScoringRecommender, State, TrainingRun


class OnnxRecommender(ScoringRecommender):
    """Asks a model for a score of each item.

    The model's input tells what it wants: whole numbers of shape (batch, length) are the rows of what somebody met, in
    the order of time, filled up at the start; other numbers of shape (batch, rows) have the value of each item that was
    met, and 0 elsewhere. Its first output has shape (batch, rows) or (batch, length, rows), of which the last place counts.

    Which row an item is stands in an attribute of the catalogue, because the model was trained elsewhere. Training takes
    the model over into the state, so that a model version is complete and can be brought back. What it learned from
    people elsewhere is not this engine's to forget.
    """

    options_type = RecommenderOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, RecommenderOptions)
        self._options = options
        self._data = b""
        self._model: Model | None = None
        self._row_of: dict[int, int] = {}  # of an item's ordinal
        super().__init__(options)

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Take over the model of the options, and what everybody met.

        Raises
        ------
        ValueError
            When the operator has named no folder, the file is not there, or it is no model that fits.
        """
        self._data = read_model(self._options.model)
        self._model = Model(self._data, self._options.threads)
        rows = self._outcome(np.empty(0, np.int64), np.empty(0)).shape
        return {**super().fit(events, run), "rows": float(rows[0]), "mapped_items": float(len(self._row_of))}

    def describe(self, contents: Sequence[ItemContent]) -> None:
        for content in contents:
            row = content.attributes.get(self._options.index_attribute)
            self._row_of.pop(content.item, None)
            if isinstance(row, int | float) and not isinstance(row, bool) and row >= 0 and row == int(row):
                self._row_of[content.item] = int(row)

    def scores(self, query: Query) -> NDArray[np.float64]:
        scores = np.full(len(query.servable), -np.inf)
        items, values, times = self.of(query)
        known = [i for i in np.argsort(times, kind="stable").tolist() if int(items[i]) in self._row_of]
        if self._model is None or not known:
            return scores
        rows = np.array([self._row_of[int(items[i])] for i in known], np.int64)
        outcome = self._outcome(rows, values[known])
        for item, row in self._row_of.items():
            if item < len(scores) and row + self._options.first_row < len(outcome):
                scores[item] = outcome[row + self._options.first_row]
        return scores

    def _outcome(self, rows: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the model says of each of its rows, shape (rows,)."""
        assert self._model is not None
        port = self._model.input
        if len(port.shape) != 2:
            raise ValueError(f"the model's input must have the shape (batch, length), not {port.shape}")
        taken = self._as_sequence(rows) if np.issubdtype(port.type, np.integer) else self._as_vector(rows, values)
        found = self._model.run(taken[None])
        if found.ndim not in (2, 3) or len(found) != 1:
            raise ValueError(f"the model's output must be (batch, rows) or (batch, length, rows), not {found.shape}")
        return np.asarray(found.reshape(-1, found.shape[-1])[-1], np.float64)

    def _as_sequence(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The latest rows, filled up at the start to the length that the model wants, and to one where it takes any."""
        assert self._model is not None
        wanted = self._model.input.shape[1]
        latest = rows[-(wanted or self._options.length) :] + self._options.first_row
        missing = (wanted or max(len(latest), 1)) - len(latest)
        return np.concatenate([np.full(missing, self._options.padding, np.int64), latest])

    def _as_vector(self, rows: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self._model is not None
        width = self._model.input.shape[1]
        if width is None:
            raise ValueError(
                "a model that takes a number for each item must say how many they are in its input's shape"
            )
        vector = np.zeros(width)
        inside = rows + self._options.first_row < width
        vector[rows[inside] + self._options.first_row] = values[inside]
        return vector

    def state(self) -> State:
        return State(dict(super().state().arrays) | {"model": as_array(self._data)})

    def load(self, state: State) -> None:
        super().load(state)
        data = state.arrays.get("model")
        if data is not None and len(data) == 0:  # it has never been trained
            self._data, self._model = b"", None
            return
        self._data, self._model = from_state(data, self._options.threads)

"""The engine: it keeps what everybody met, and asks the network what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_plugins import Events, Options, Query, ScoringRecommender, State, TrainingRun
from footlight_plugins.scoring import latest
from footlight_sasrec.counts import Counts, Weights, mixed
from footlight_sasrec.histories import SECOND, Lived, sequences
from footlight_sasrec.judging import scores_of
from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions
from footlight_sasrec.sasrec_training import chosen_device, new_network, train
from footlight_sasrec.stored_counts import arrays_of, counts_of

_VOCABULARY, _WEIGHTS = "vocabulary", "network."


class SasRec(ScoringRecommender):
    """SASRec (Kang and McAuley 2018): self-attention over the latest items that somebody met, trained to tell the next.

    The loss is cross-entropy over all items, which is what lifts SASRec above its first figures (Klenitskiy and Vasilev
    2023); where there are more than 4,096 items, its sum is estimated from drawn ones, or it is gSASRec's. How long ago
    an item was met counts, in places and in time. Beside the network, counts of what follows what are heard: where data
    are few they know pairs of items that a network smooths away. What a place and a time are worth in them is learned;
    how much the two have to say, the held-out items tell.

    What somebody meets after the training counts at once: it is read when they ask. Items that came after it are not
    answered before the next one. The network cannot forget a person by itself, so that it is trained anew after an erasure.
    """

    options_type = SasRecOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, SasRecOptions)
        self._options = options
        self._vocabulary = np.empty(0, np.int32)  # the ordinals that the network knows, ascending
        self._network: Network | None = None
        self._counted: tuple[Counts, Weights] | None = None
        self._share = 1.0
        super().__init__(options)

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self._take(latest(events))
        self._vocabulary, self._network, self._counted = np.unique(self.kept.item), None, None
        people = sequences(self.kept, self._vocabulary)
        if not any(len(one.rows) > 1 for one in people):
            return {"people": float(len(people))}
        with self._threads():
            trained = train(people, len(self._vocabulary), self._options, run)
        self._network, self._counted, self._share = trained.network, trained.counted, trained.share
        return trained.figures | {"people": float(len(people)), "items": float(len(self._vocabulary))}

    def forget(self, user: int) -> int:
        """Raise NotImplementedError: what a person did to the weights stays in them until the next training."""
        raise NotImplementedError

    def scores(self, query: Query) -> NDArray[np.float64]:
        """What the network says of each item, and the counts; -inf of those they do not know."""
        scores = np.full(int(self._vocabulary.max(initial=-1)) + 1, -np.inf)
        lived = self._lived(query)
        if self._network is None or not len(lived.rows):
            return scores
        with self._threads():
            (found,) = scores_of(self._network, [lived], self._options.length)
        if self._counted is not None:
            counts, weights = self._counted
            found = mixed(found, counts.read(lived, weights), self._share)
        scores[self._vocabulary] = found
        return scores

    def warm_up(self) -> None:
        """Make a first pass, which is slower than all later ones."""
        self.scores(Query(-1, 1, np.ones(len(self._vocabulary), np.bool_)))

    def state(self) -> State:
        arrays = dict(super().state().arrays) | {_VOCABULARY: self._vocabulary}
        if self._network is not None:
            weights = self._network.state_dict()
            arrays |= {_WEIGHTS + name: value.cpu().numpy().copy() for name, value in weights.items()}
        if self._counted is not None:
            arrays |= arrays_of(*self._counted)
        return State(arrays, {"share": self._share})

    def load(self, state: State) -> None:
        super().load(state)
        vocabulary = state.arrays.get(_VOCABULARY)
        if vocabulary is None or vocabulary.ndim != 1:
            raise ValueError(f"the state must hold an array {_VOCABULARY!r} of shape (items,)")
        share = state.meta.get("share")
        if not isinstance(share, int | float):
            raise ValueError("the state must hold a number 'share'")
        self._counted, self._share = counts_of(state, len(vocabulary)), float(share)
        weights = {n.removeprefix(_WEIGHTS): v for n, v in state.arrays.items() if n.startswith(_WEIGHTS)}
        self._vocabulary, self._network = np.array(vocabulary, np.int32), None
        if weights:
            self._network = self._made(weights)

    def _made(self, weights: Mapping[str, NDArray[np.float32]]) -> Network:
        network = new_network(len(self._vocabulary), self._options)
        try:
            network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        except RuntimeError as fault:  # names or shapes are others
            raise ValueError(f"the state is not that of a network with these options: {fault}") from fault
        return network.to(chosen_device(self._options.device)).eval()

    def _lived(self, query: Query) -> Lived:
        """The items that somebody met and that the network knows, in the order of time."""
        items, _, times = self.of(query)
        known = np.isin(items, self._vocabulary)
        items, times = items[known], times[known]
        order = np.lexsort((items, self._ties(query)[known], times))
        return Lived(np.searchsorted(self._vocabulary, items[order]).astype(np.int64) + 1, times[order] // SECOND)

    def _ties(self, query: Query) -> NDArray[np.int64]:
        """What orders the items that somebody met at one time."""
        if query.history is not None:
            return np.arange(len(query.history), dtype=np.int64)
        first, last = np.searchsorted(self.kept.user, [query.user, query.user + 1])
        return self.kept.tie[first:last]

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """Compute with as many threads as the owner wants, and put the number back."""
        before = torch.get_num_threads()
        torch.set_num_threads(self._options.threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)

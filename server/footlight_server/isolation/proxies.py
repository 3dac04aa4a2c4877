"""Engines that run in processes of their own, as the rest of the server sees them."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Agent,
    Call,
    Choice,
    Choices,
    Content,
    Corpus,
    Engine,
    Events,
    Generator,
    ItemContent,
    Options,
    Query,
    Ranking,
    Recommender,
    Situation,
    Situations,
    Spaces,
    State,
    TrainingRun,
    Transitions,
    Wish,
)
from footlight_server.isolation.process import EngineProcess

_NOTHING = np.empty(0, np.bool_)


class Isolated(Engine):
    """What both have in common. The process ends with the last reference to this."""

    def __init__(self, process: EngineProcess) -> None:
        self.process = process
        self._pending = 0
        weakref.finalize(self, process.kill, "it was replaced")

    def state(self) -> State:
        """The whole state."""
        state: State = self._ask("state")
        return state

    def load(self, state: State) -> None:
        """Take a state over."""
        self._pending = self._ask("load", state)

    def warm_up(self) -> None:
        """Compile."""
        self._ask("warm_up")

    def _ask(self, method: str, *arguments: Any, call: Call | None = None) -> Any:
        return self.process.ask(method, arguments, call)


class IsolatedReader(Isolated):
    """An engine that is told what the catalogue says, in a process of its own."""

    def describe(self, contents: Sequence[ItemContent]) -> None:
        """Take over what the catalogue says."""
        self._pending = self._ask("describe", list(contents))

    @property
    def pending(self) -> int:
        """How much is put off; as of the last call that could change it."""
        return self._pending

    def settle(self) -> None:
        """Work off what was put off."""
        self._pending = self._ask("settle")


class IsolatedRecommender(IsolatedReader, Recommender):
    """A recommender in a process of its own."""

    def __init__(self, process: EngineProcess) -> None:
        super().__init__(process)
        self._servable: NDArray[np.bool_] | None = None

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Learn from the whole log."""
        figures: Mapping[str, float] = self._ask("fit", events, run.seed, str(run.directory))
        return figures

    def apply(self, events: Events) -> int:
        """Follow the log."""
        touched: int
        touched, self._pending = self._ask("apply", events)
        return touched

    def predict(self, user: int, items: NDArray[np.int32]) -> NDArray[np.float64]:
        """The ratings that a person would give."""
        ratings: NDArray[np.float64] = self._ask("predict", user, items)
        return ratings

    def forget(self, user: int) -> int:
        """Take a person out."""
        touched: int = self._ask("forget", user)
        return touched

    def knows(self, user: int) -> bool:
        """Whether there is anything to go by."""
        return bool(self._ask("knows", user))

    def recommend(self, query: Query) -> Ranking:
        """Rank items for one person."""
        (lean,), changed = self._lean([query])
        ranking: Ranking = self._ask("recommend", lean, changed)
        return ranking

    def recommend_batch(self, queries: Sequence[Query], call: Call) -> list[Ranking]:
        """Rank items for many people in one go."""
        if not queries:
            return []
        rankings: list[Ranking] = self._ask("recommend_batch", *self._lean(queries), call=call)
        return rankings

    def similar(self, item: int, query: Query) -> Ranking:
        """Rank the items most like one item."""
        (lean,), changed = self._lean([query])
        ranking: Ranking = self._ask("similar", item, lean, changed)
        return ranking

    def _lean(self, queries: Sequence[Query]) -> tuple[list[Query], NDArray[np.bool_] | None]:
        """The queries without what may be answered, and that, where the process does not have it yet.

        It is the same array for all and from call to call, until the catalogue changes.
        """
        servable = queries[0].servable
        if any(query.servable is not servable for query in queries):
            raise ValueError("the queries of a batch must be about the same catalogue")
        changed = None if servable is self._servable else servable
        self._servable = servable
        return [replace(query, servable=_NOTHING) for query in queries], changed


class IsolatedGenerator(Isolated, Generator):
    """A generator in a process of its own. It is trained in another one: see `footlight_server.jobs`."""

    def __init__(self, process: EngineProcess) -> None:
        super().__init__(process)

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        """Training has a process of its own already."""
        raise NotImplementedError

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        """Make one piece of content a seed."""
        contents: list[Content] = self._ask("generate", seeds, call=call)
        return contents

    def generate_as(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        """Make one piece of content a seed, as somebody wants it."""
        contents: list[Content] = self._ask("generate_as", seeds, wish, call=call)
        return contents

    def interpolate(
        self, first: int, last: int, shares: NDArray[np.float64], wish: Wish, animate: bool, call: Call
    ) -> list[Content]:
        """Make content on the way from one seed to another."""
        contents: list[Content] = self._ask("interpolate", first, last, shares, wish, animate, call=call)
        return contents


_numbers = itertools.count(1)


class IsolatedAgent(Agent):
    """An agent in a process that all agents of its deployment share."""

    def __init__(self, process: EngineProcess, options: Options, spaces: Spaces) -> None:
        self.process = process
        self._number = next(_numbers)
        self._learned_steps: int = process.ask("born", [self._number, options.model_dump(mode="json"), spaces])
        weakref.finalize(self, process.bury, self._number)

    def act(self, observation: Any, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw an action."""
        return self.decide(Situation(observation, mask), seed, exploit)

    def decide(self, situation: Situation, seed: int, exploit: bool) -> Choice:
        """Draw an action."""
        choice: Choice = self._ask("decide", situation, seed, exploit)
        return choice

    def decide_batch(self, situations: Situations, seeds: NDArray[np.uint64], exploit: NDArray[np.bool_]) -> Choices:
        """Draw many actions in one go."""
        choices: Choices = self._ask("decide_batch", situations, seeds, exploit)
        return choices

    def drifted(self) -> None:
        """Explore more for a while."""
        self._ask("drifted")

    def learn(self, steps: Transitions) -> None:
        """Learn from completed steps."""
        self._learned_steps = self._ask("learn", steps)

    @property
    def learned_steps(self) -> int:
        """From how many steps it has learned."""
        return self._learned_steps

    def state(self) -> State:
        """The whole state."""
        state: State = self._ask("state")
        return state

    def load(self, state: State) -> None:
        """Take a state over."""
        self._learned_steps = self._ask("load", state)

    def warm_up(self) -> None:
        """Compile."""
        self._ask("warm_up")

    def _ask(self, method: str, *arguments: Any) -> Any:
        return self.process.ask("agent", [self.process.buried(), self._number, method, *arguments])

"""The three roles that an engine can take, one for each verb."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.contract import Call, Engine, Options, TrainingRun
from footlight_plugins.data import (
    Content,
    Corpus,
    Events,
    ItemContent,
    Query,
    Ranking,
    Samples,
    Wish,
    WishRefused,
)
from footlight_plugins.decisions import Choice, Choices, Situation, Situations, Spaces, Transition, Transitions


class Recommender(Engine):
    """Ranks items for people. Its state is a view of the log: the order in which events arrive does not matter.

    Example
    -------
    ::

        class Newest(Recommender):
            def __init__(self, options: Options) -> None:
                self.items = 0

            def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
                self.apply(events)
                return {}

            def apply(self, events: Events) -> int:
                self.items = max(self.items, int(events.item.max(initial=-1)) + 1)
                return 1

            def knows(self, user: int) -> bool:
                return True

            def recommend(self, query: Query) -> Ranking:
                allowed = query.servable[: self.items].copy()
                allowed[query.exclude[query.exclude < len(allowed)]] = False
                items = np.flatnonzero(allowed)[::-1][: query.count].astype(np.int32)
                return Ranking(items, items.astype(np.float64))

            def state(self) -> State:
                return State({}, {"items": self.items})

            def load(self, state: State) -> None:
                if "items" not in state.meta:
                    raise ValueError("the state has no 'items'")
                self.items = int(state.meta["items"])

    (A real one would also leave out what the person has met, unless ``query.include_seen``.)
    """

    @abstractmethod
    def __init__(self, options: Options) -> None:
        """Make an engine that knows nothing yet."""

    @abstractmethod
    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Learn from the whole log, forgetting what was known before.

        Returns
        -------
        The figures of the training by name.
        """

    @abstractmethod
    def apply(self, events: Events) -> int:
        """Bring the state up to date with further events, in time proportional to what they touch.

        Returns
        -------
        How many entries of the state were touched.
        """

    def forget(self, user: int) -> int:
        """Take a person out of the state, as if the log had never held them.

        Returns
        -------
        How many entries of the state were touched.

        Raises
        ------
        NotImplementedError
            When the engine cannot; its spec then says ``can_forget=False``.
        """
        raise NotImplementedError

    @abstractmethod
    def knows(self, user: int) -> bool:
        """Whether there is anything to go by for this person; where not, the fallback answers."""

    @abstractmethod
    def recommend(self, query: Query) -> Ranking:
        """Rank items for one person. An unknown person gets an empty ranking unless the engine is a fallback."""

    def recommend_batch(self, queries: Sequence[Query], call: Call) -> list[Ranking]:
        """Rank items for many people; each answer equals that of `recommend`."""
        rankings = []
        for query in queries:
            call.check()
            rankings.append(self.recommend(query))
        return rankings

    def similar(self, item: int, query: Query) -> Ranking:
        """Rank the items most like one item, which is not among them; ``query.user`` is ignored.

        Raises
        ------
        NotImplementedError
            When the engine does not compare items.
        """
        raise NotImplementedError

    def predict(self, user: int, items: NDArray[np.int32]) -> NDArray[np.float64]:
        """The ratings that a person would give, shape (n,) like the items; a person or item nobody knows gets a mean.

        Raises
        ------
        NotImplementedError
            When the engine does not predict ratings; its spec then says ``can_predict=False``.
        """
        raise NotImplementedError

    def describe(self, contents: Sequence[ItemContent]) -> None:
        """Take over what the catalogue says of items: new ones, and changed ones in place of what was said before.

        Called with the whole catalogue before `fit` and after `load`, and with each item that is put later, when the
        spec says ``reads_catalogue``. What it made of them need not be part of the state.
        """

    @property
    def pending(self) -> int:
        """How many events `apply` took in that the answers do not reflect yet; `settle` works them off."""
        return 0

    def settle(self) -> None:
        """Work off what `apply` put off, all of it or for some milliseconds; called soon while `pending` is above 0."""


class Generator(Engine):
    """Makes content after learning from a corpus. A batch of seeds is the unit of work."""

    @abstractmethod
    def __init__(self, options: Options) -> None:
        """Make an engine that knows nothing yet."""

    @abstractmethod
    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        """Learn from a corpus, resuming from what lies in ``run.directory``.

        Returns
        -------
        The figures of the training by name.

        Raises
        ------
        ValueError
            When the corpus cannot be learned from; the message names the file and what was expected.
        CallEnded
            When ``run.stopping()`` asked it to stop.
        """

    @abstractmethod
    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        """Make one piece of content a seed, shape (n,). The same seed gives the same bytes, whatever is beside it.

        Raises
        ------
        NotMade
            When nothing was drawn that the engine can stand for; the caller reads the message, and it is no fault.
        CallEnded
            When nobody waits any more.
        """

    def generate_as(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        """Make one piece of content a seed, as somebody wants it. `generate` where nothing is wanted.

        Raises
        ------
        WishRefused
            When the engine cannot.
        """
        if wish.class_name:
            raise WishRefused("class_name", "must be empty: this engine learns no classes")
        if wish.truncation != 1.0:
            raise WishRefused("truncation", "must be 1: this engine draws all or nothing")
        return self.generate(seeds, call)

    def interpolate(
        self, first: int, last: int, shares: NDArray[np.float64], wish: Wish, animate: bool, call: Call
    ) -> list[Content]:
        """Make content on the way from one seed to another: at 0 it is that of the first, at 1 that of the last.

        Parameters
        ----------
        shares
            Shape (n,): how far on the way each piece lies, 0 to 1.
        animate
            Make one animation of all of them.

        Raises
        ------
        WishRefused
            When the engine cannot.
        """
        raise WishRefused("interpolate_to_seed", "must be unset: this engine cannot lead from one seed to another")

    def samples(self, corpus: Corpus) -> Samples | None:
        """What `train` learns from, as numbers that the ``sample`` of generated content can be compared with.

        None where the engine cannot say: nothing is checked for originality then. Needs no training, and takes a corpus of
        one file too, which somebody wants to compare with what was learned from.

        Raises
        ------
        ValueError
            When the corpus cannot be learned from.
        """
        return None


class Agent(Engine):
    """Decides moves and learns from what follows. One instance is one agent."""

    takes_features: ClassVar[bool] = False
    """Whether it observes vectors. The observation space it is made with is a `Box` then, otherwise a `Discrete`: the host
    numbers the values of any finite space, and refuses others."""
    takes_candidates: ClassVar[bool] = False
    """Whether its actions may come with each request (`Candidates`)."""
    looks_ahead: ClassVar[bool] = True
    """Whether what comes after a step matters to it. A bandit says False and learns as soon as the reward is there."""

    @abstractmethod
    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Make an agent that knows nothing yet.

        Raises
        ------
        ValueError
            When the spaces are too large or of a kind that it does not take; the message says which.
        """

    @abstractmethod
    def act(self, observation: Any, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw an action. Learns nothing.

        Parameters
        ----------
        observation
            A value of the observation space: an int, or a float64 vector of shape (d,).
        mask
            Shape (actions,): which actions are allowed; at least one is.
        seed
            The only source of chance: the same seed and state draw the same action.
        exploit
            Draw from the greedy policy, ties with equal probability, instead of the exploring one.
        """

    def decide(self, situation: Situation, seed: int, exploit: bool) -> Choice:
        """Draw an action, as `act`, which it calls unless it is overridden: agents that look at candidates or at the
        person override it."""
        return self.act(situation.observation, situation.mask, seed, exploit)

    def decide_batch(self, situations: Situations, seeds: NDArray[np.uint64], exploit: NDArray[np.bool_]) -> Choices:
        """Draw an action in each of n situations, with a seed each; each choice equals that of `decide`."""
        rows = range(len(situations))
        made = [self.decide(situations.one(i), int(seeds[i]), bool(exploit[i])) for i in rows]
        return Choices.of(made, situations.mask.shape[1])

    @abstractmethod
    def learn(self, steps: Transitions) -> None:
        """Learn from completed steps, in their order. Learning them in several batches comes to the same state."""

    def learn_one(self, step: Transition) -> None:
        """Learn from one step, as `learn` does, which it calls unless it is overridden: agents that learn a number of a
        table override it, because columns of one row cost more than such a step."""
        self.learn(step.columns())

    def drifted(self) -> None:
        """The world has changed: explore more for a while, and trust less what was learned. Does nothing by default.

        The host calls it between two calls of `learn`, when its alarm has gone off; what it changes is part of the state.
        """

    @property
    @abstractmethod
    def learned_steps(self) -> int:
        """From how many steps it has learned."""

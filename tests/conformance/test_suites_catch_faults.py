"""A suite is worth what it catches: a sound engine passes every test, and each fault fails the test made for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import (
    Agent,
    Basis,
    Call,
    CallEnded,
    Choice,
    Content,
    Corpus,
    Discrete,
    EngineSpec,
    Events,
    Generator,
    Options,
    Query,
    Ranking,
    Recommender,
    Spaces,
    State,
    TrainingRun,
    Transitions,
    UpdateClass,
    Verb,
)
from footlight_plugins.testing import AgentSuite, GeneratorSuite, RecommenderSuite

_FAULT = (AssertionError, pytest.fail.Exception)
"""What a failing test raises; the second where an exception was expected and none came."""


class Log(Recommender):
    """A sound recommender: keeps the whole log, and ranks items by how many people have an event with them."""

    def __init__(self, options: Options) -> None:
        self.events = Events.empty()

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.events = Events.empty()
        self.apply(events)
        return {}

    def apply(self, events: Events) -> int:
        joined = Events.concatenate(self.events, events)
        self.events = joined.take(np.lexsort((joined.tie, joined.time)))
        return len(events)

    def forget(self, user: int) -> int:
        before = len(self.events)
        self.events = self.events.take(self.events.user != user)
        return before - len(self.events)

    def knows(self, user: int) -> bool:
        return bool((self.events.user == user).any())

    def recommend(self, query: Query) -> Ranking:
        items = int(self.events.item.max(initial=-1)) + 1
        pairs = np.unique(np.stack([self.events.user, self.events.item], 1), axis=0)
        scores = np.bincount(pairs[:, 1], minlength=items).astype(np.float64)
        allowed = np.zeros(items, np.bool_)
        allowed[: len(query.servable)] = query.servable[:items]
        allowed[query.exclude[query.exclude < items]] = False
        if not query.include_seen:
            allowed[self.events.item[self.events.user == query.user]] = False
        order = np.lexsort((np.arange(items), -scores))
        best = order[allowed[order]][: query.count]
        return Ranking(best.astype(np.int32), scores[best], Basis.POPULAR)

    def state(self) -> State:
        names = ("user", "item", "kind", "value", "time", "tie")
        return State({name: getattr(self.events, name).copy() for name in names})

    def load(self, state: State) -> None:
        if "user" not in state.arrays:
            raise ValueError("array 'user' is missing")
        self.events = Events(**state.arrays)


_SPEC = EngineSpec(
    name="log",
    verb=Verb.RECOMMEND,
    version="1.0",
    summary="Most met first.",
    factory="footlight_plugins.roles:Recommender",  # `engine_class` below is asked instead
    update_class=UpdateClass.BITWISE,
    can_forget=True,
    needs_training=False,
    fallback=True,
)


class TestLog(RecommenderSuite):
    spec = _SPEC

    def engine_class(self) -> type[Recommender]:
        return Log


class _ForgetsToExclude(Log):
    def recommend(self, query: Query) -> Ranking:
        return super().recommend(replace(query, exclude=np.empty(0, np.int32)))


class _ForgetsToMask(Log):
    def recommend(self, query: Query) -> Ranking:
        return super().recommend(replace(query, servable=np.ones(1_000, np.bool_)))


class _ShowsWhatWasSeen(Log):
    def recommend(self, query: Query) -> Ranking:
        return super().recommend(replace(query, include_seen=True))


class _CountsUpwards(Log):
    def recommend(self, query: Query) -> Ranking:
        ranking = super().recommend(query)
        return Ranking(ranking.items[::-1], ranking.scores[::-1], Basis.POPULAR)


class _DependsOnArrival(Log):
    def apply(self, events: Events) -> int:
        self.events = Events.concatenate(self.events, events)
        return len(events)


class _LosesUpdates(Log):
    def apply(self, events: Events) -> int:
        return super().apply(events if len(self.events) == 0 else events.take(slice(1, None)))


class _ForgetsHalf(Log):
    def forget(self, user: int) -> int:
        mine = np.flatnonzero(self.events.user == user)
        self.events = self.events.take(np.setdiff1d(np.arange(len(self.events)), mine[::2]))
        return len(mine)


class _TakesAnyState(Log):
    def load(self, state: State) -> None:
        if "user" in state.arrays:
            super().load(state)


class _StoresWords(Log):
    def state(self) -> State:
        return State({"user": np.array(["anna"])})


class _LosesItsState(Log):
    def load(self, state: State) -> None:
        super().load(state)
        self.events = self.events.take(slice(0, 20))


class _StoresTheForgotten(Log):
    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.ever = Events.empty()

    def apply(self, events: Events) -> int:
        self.ever = Events.concatenate(self.ever, events)
        return super().apply(events)

    def state(self) -> State:
        return State({name: getattr(self.ever, name) for name in super().state().arrays})


class _NeverEnds(Log):
    def recommend_batch(self, queries: Any, call: Call) -> list[Ranking]:
        return [self.recommend(query) for query in queries]


class _BatchDiffers(Log):
    def recommend_batch(self, queries: Any, call: Call) -> list[Ranking]:
        return [self.recommend(query) for query in queries[::-1]]


class _IgnoresStrangers(Log):
    def recommend(self, query: Query) -> Ranking:
        return super().recommend(query) if self.knows(query.user) else Ranking.empty()


class _AnswersNobody(Log):
    def recommend(self, query: Query) -> Ranking:
        return Ranking.empty()


_FAULTY_RECOMMENDERS: list[tuple[type[Log], Callable[[RecommenderSuite], None]]] = [
    (_ForgetsToExclude, RecommenderSuite.test_answers_keep_to_what_was_asked),
    (_ForgetsToExclude, RecommenderSuite.test_nothing_is_left_when_every_item_is_out),
    (_ForgetsToMask, RecommenderSuite.test_answers_keep_to_what_was_asked),
    (_ShowsWhatWasSeen, RecommenderSuite.test_answers_keep_to_what_was_asked),
    (_CountsUpwards, RecommenderSuite.test_it_answers_somebody_and_in_good_order),
    (_DependsOnArrival, RecommenderSuite.test_the_order_of_arrival_does_not_matter),
    (_LosesUpdates, lambda suite: suite.test_updating_comes_to_the_same_as_training_anew(0, (100,))),
    (_LosesUpdates, RecommenderSuite.test_a_loaded_engine_follows_the_log),
    (_ForgetsHalf, RecommenderSuite.test_forgetting_a_person_equals_never_having_seen_them),
    (_TakesAnyState, RecommenderSuite.test_a_foreign_state_is_refused),
    (_StoresWords, RecommenderSuite.test_the_state_survives_storing_and_loading),
    (_LosesItsState, RecommenderSuite.test_the_state_survives_storing_and_loading),
    (_StoresTheForgotten, lambda suite: suite.test_any_history_comes_to_the_same_as_training_anew(0)),
    (_NeverEnds, RecommenderSuite.test_a_call_that_nobody_waits_for_is_ended),
    (_BatchDiffers, RecommenderSuite.test_a_batch_answers_as_single_calls_do),
    (_IgnoresStrangers, RecommenderSuite.test_an_unknown_person_is_for_the_fallback),
    (_AnswersNobody, RecommenderSuite.test_it_answers_somebody_and_in_good_order),
]


@pytest.mark.parametrize(("faulty", "test"), _FAULTY_RECOMMENDERS, ids=lambda x: getattr(x, "__name__", "test"))
def test_a_faulty_recommender_is_caught(faulty: type[Log], test: Callable[[RecommenderSuite], None]) -> None:
    suite = type("Faulty", (TestLog,), {"engine_class": lambda self: faulty})()
    with pytest.raises(_FAULT):
        test(suite)


class Average(Agent):
    """A sound agent: knows the mean reward of each action, and nothing of observations."""

    def __init__(self, options: Options, spaces: Spaces) -> None:
        assert isinstance(spaces.observation, Discrete)
        self.observations, self.actions = spaces.observation.n, spaces.action.n
        self.sums, self.counts = np.zeros(spaces.action.n), np.zeros(spaces.action.n, np.int64)

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        self._check("observation", np.array([observation]), self.observations)
        means = np.where(mask, self.sums / np.maximum(self.counts, 1), -np.inf)
        best = means == means.max()
        epsilon = 0.0 if exploit else 0.3
        p = epsilon * mask / mask.sum() + (1 - epsilon) * best / best.sum()
        return Choice(int(np.random.default_rng(seed).choice(len(p), p=p)), p)

    def learn(self, steps: Transitions) -> None:
        self._check("observation", steps.observation, self.observations)
        self._check("next_observation", steps.next_observation[~steps.terminated], self.observations)
        self._check("action", steps.action, self.actions)
        if not np.isfinite(steps.reward).all():
            raise ValueError("reward must be finite")
        np.add.at(self.sums, steps.action, steps.reward)
        np.add.at(self.counts, steps.action, 1)

    def _check(self, name: str, values: NDArray[np.int64], n: int) -> None:
        if ((values < 0) | (values >= n)).any():
            raise ValueError(f"{name} must be 0 to {n - 1}")

    @property
    def learned_steps(self) -> int:
        return int(self.counts.sum())

    def state(self) -> State:
        return State({"sums": self.sums.copy(), "counts": self.counts.copy()})

    def load(self, state: State) -> None:
        if set(state.arrays) != {"sums", "counts"}:
            raise ValueError("arrays 'sums' and 'counts' are expected")
        self.sums, self.counts = state.arrays["sums"], state.arrays["counts"]


class TestAverage(AgentSuite):
    spec = replace(_SPEC, name="average", verb=Verb.ACT)

    def engine_class(self) -> type[Agent]:
        return Average


class _WrongPropensity(Average):
    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        choice = super().act(observation, mask, seed, exploit)
        return Choice(choice.action, mask / mask.sum())


class _IgnoresTheMask(Average):
    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        return super().act(observation, np.ones_like(mask), seed, exploit)


class _TakesTheFirst(Average):
    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        first = int(np.argmax(np.where(mask, self.sums, -np.inf)))
        return Choice(first, (np.arange(len(mask)) == first).astype(np.float64))


class _LearnsWhileActing(Average):
    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        self.sums += 1
        return super().act(observation, mask, seed, exploit)


class _LearnsHalfOfABadBatch(Average):
    def learn(self, steps: Transitions) -> None:
        for i in range(len(steps)):
            super().learn(steps.take(slice(i, i + 1)))


class _ForgetsTheLastStep(Average):
    def learn(self, steps: Transitions) -> None:
        super().learn(steps.take(slice(-1)))


class _ReadsBeyondTheEnd(Average):
    def learn(self, steps: Transitions) -> None:
        super().learn(steps)
        self.sums[0] += steps.next_observation.sum()


_FAULTY_AGENTS: list[tuple[type[Average], Callable[[AgentSuite], None]]] = [
    (_WrongPropensity, lambda suite: suite.test_actions_are_drawn_as_often_as_the_distribution_says(1)),
    (_IgnoresTheMask, AgentSuite.test_the_distribution_adds_up_and_keeps_to_the_mask),
    (_TakesTheFirst, AgentSuite.test_a_new_agent_has_no_favourite),
    (_LearnsWhileActing, AgentSuite.test_acting_learns_nothing),
    (
        _LearnsHalfOfABadBatch,
        lambda suite: suite.test_a_reward_that_is_not_finite_is_refused_and_nothing_learned(np.nan),
    ),
    (_ForgetsTheLastStep, lambda suite: suite.test_learning_in_batches_comes_to_the_same_state((100,))),
    (_ReadsBeyondTheEnd, AgentSuite.test_nothing_is_read_beyond_the_end_of_an_episode),
]


@pytest.mark.parametrize(("faulty", "test"), _FAULTY_AGENTS, ids=lambda x: getattr(x, "__name__", "test"))
def test_a_faulty_agent_is_caught(faulty: type[Average], test: Callable[[AgentSuite], None]) -> None:
    suite = type("Faulty", (TestAverage,), {"engine_class": lambda self: faulty})()
    with pytest.raises(_FAULT):
        test(suite)


class Dice(Generator):
    """A sound generator: learns, number by number, a sum of the corpus' bytes, and makes random bytes from it."""

    def __init__(self, options: Options) -> None:
        self.total = np.zeros(1, np.int64)

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        if len(corpus) == 0:
            raise ValueError("the corpus is empty")
        for file in corpus:
            if not file.read().startswith(b"\x93NUMPY"):
                raise ValueError(f"{file.path}: expected a .npy file")
        kept = run.directory / "done.npy"
        done, total = np.load(kept) if kept.exists() else (0, run.seed)
        for i, file in list(enumerate(corpus))[int(done) :]:
            if run.stopping():
                np.save(kept, np.array([i, total]))
                raise CallEnded("stopped")
            total += sum(file.read())
            run.report((i + 1) / len(corpus), i + 1, {"total": float(total)})
        self.total = np.array([total], np.int64)
        return {"total": float(total)}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        call.check()
        drawn = [np.random.default_rng([int(seed), int(self.total[0])]).bytes(16) for seed in seeds]
        return [Content("application/octet-stream", data) for data in drawn]

    def state(self) -> State:
        return State({"total": self.total.copy()})

    def load(self, state: State) -> None:
        if "total" not in state.arrays:
            raise ValueError("array 'total' is missing")
        self.total = state.arrays["total"]


class TestDice(GeneratorSuite):
    spec = replace(_SPEC, name="dice", verb=Verb.GENERATE)

    def engine_class(self) -> type[Generator]:
        return Dice


class _DependsOnTheBatch(Dice):
    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        return super().generate(seeds ^ (len(seeds) % 2), call)


class _NeverStops(Dice):
    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        return super().train(corpus, replace(run, stopping=lambda: False))


class _StartsAgain(Dice):
    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        (run.directory / "done.npy").unlink(missing_ok=True)
        return super().train(corpus, run)


class _IgnoresTheSeed(Dice):
    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        return super().generate(seeds * 0, call)


class _NeverEndsGenerating(Dice):
    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        return super().generate(seeds, Call())


class _SkipsBrokenFiles(Dice):
    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        return super().train(Corpus(tuple(f for f in corpus if f.read().startswith(b"\x93NUMPY"))), run)


_FAULTY_GENERATORS: list[tuple[type[Dice], Callable[[GeneratorSuite, Path], None]]] = [
    (_DependsOnTheBatch, GeneratorSuite.test_a_seed_gives_the_same_bytes_alone_and_in_any_batch),
    (_NeverStops, GeneratorSuite.test_a_stopped_training_goes_on_where_it_was),
    (_StartsAgain, GeneratorSuite.test_a_stopped_training_goes_on_where_it_was),
    (_IgnoresTheSeed, GeneratorSuite.test_different_seeds_give_different_content),
    (_NeverEndsGenerating, GeneratorSuite.test_a_call_that_nobody_waits_for_is_ended),
    (_SkipsBrokenFiles, GeneratorSuite.test_a_malformed_file_is_refused_or_left_out_by_its_name),
]


@pytest.mark.parametrize(("faulty", "test"), _FAULTY_GENERATORS, ids=lambda x: getattr(x, "__name__", "test"))
def test_a_faulty_generator_is_caught(
    tmp_path: Path, faulty: type[Dice], test: Callable[[GeneratorSuite, Path], None]
) -> None:
    suite = type("Faulty", (TestDice,), {"engine_class": lambda self: faulty})()
    with pytest.raises(_FAULT):
        test(suite, tmp_path)


def test_a_plugin_that_imports_torch_to_say_what_it_offers_is_caught() -> None:
    suite = type("Faulty", (TestLog,), {"plugin_module": "footlight_engines.generate.mlp_networks"})()
    with pytest.raises(AssertionError, match="must not import"):
        suite.test_discovery_imports_nothing_heavy()


class _Undescribed(Options):
    depth: int = 3


def test_an_option_that_nobody_describes_is_caught() -> None:
    vague = type("Vague", (Log,), {"options_type": _Undescribed})
    suite = type("Faulty", (TestLog,), {"engine_class": lambda self: vague})()
    with pytest.raises(AssertionError):
        suite.test_every_option_has_a_default_and_a_description()

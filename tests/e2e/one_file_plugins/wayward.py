"""A recommender, a generator, an agent and an assistant that raise, hang or answer nonsense in any one of their methods."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Agent,
    Assistant,
    Call,
    Choice,
    Choices,
    Content,
    Corpus,
    Domain,
    EngineSpec,
    Events,
    Generator,
    Heard,
    ItemContent,
    Options,
    Query,
    Ranking,
    Recommender,
    Reply,
    ReplyItem,
    SaidSlot,
    Samples,
    Situation,
    Situations,
    Spaces,
    State,
    TrainingRun,
    Transition,
    Transitions,
    Turn,
    Verb,
    impl,
)
from footlight_server.dispatch.faulting import Overrun

Deed = Literal["well", "raise", "exit", "sleep", "overrun", "print", "none", "text", "nan", "huge", "less"]
ANSWERS: Mapping[str, Any] = {"none": None, "text": "text", "nan": float("nan"), "huge": 10**30, "less": -1}


class WaywardOptions(Options):
    """What it does wrong, and where; while the flag is there."""

    at: str = ""
    does: Deed = "well"
    flag: str = ""


class Wayward:
    """Does it."""

    def _or(self, method: str, right: Any, wrong: Mapping[str, Any] = ANSWERS) -> Any:
        """The right answer, or what it does instead."""
        options: Any = self.options  # type: ignore[attr-defined]
        if method != options.at or options.does == "well" or not Path(options.flag).exists():
            return right
        match options.does:
            case "raise":
                raise RuntimeError(f"secret of {method}")
            case "exit":
                sys.exit(3)
            case "sleep":
                time.sleep(3600)
            case "overrun":
                raise Overrun("what the watch over the event loop raises in an engine that stays")
            case "print":
                sys.stdout.write("a line that nobody asked for\n")
                np.seterr(all="raise")
                return right
        return wrong[options.does] if options.does in wrong else ANSWERS[options.does]


class WaywardRecommender(Wayward, Recommender):
    """The newest first, otherwise."""

    options_type = WaywardOptions

    def __init__(self, options: Options) -> None:
        self.options, self.put_off = options, 0
        self._or("init", None)

    def fit(self, events: Events, run: TrainingRun) -> Any:
        return self._or("fit", {})

    def apply(self, events: Events) -> Any:
        self.put_off = 1
        return self._or("apply", 0)

    def forget(self, user: int) -> Any:
        return self._or("forget", 0)

    def knows(self, user: int) -> Any:
        return self._or("knows", False)

    def recommend(self, query: Query) -> Any:
        items = np.flatnonzero(query.servable)[::-1][: query.count].astype(np.int32)
        return self._or("recommend", Ranking(items, items.astype(np.float64)))

    def recommend_batch(self, queries: Sequence[Query], call: Call) -> Any:
        return self._or("recommend_batch", [self.recommend(query) for query in queries])

    def similar(self, item: int, query: Query) -> Any:
        return self._or("similar", self.recommend(query))

    def predict(self, user: int, items: NDArray[np.int32]) -> Any:
        return self._or("predict", np.ones(len(items)))

    def describe(self, contents: Sequence[ItemContent]) -> Any:
        return self._or("describe", None)

    @property
    def pending(self) -> Any:
        return self._or("pending", self.put_off)

    def settle(self) -> Any:
        self.put_off = 0
        return self._or("settle", None)

    def warm_up(self) -> Any:
        return self._or("warm_up", None)

    def state(self) -> Any:
        return self._or("state", State({"ones": np.ones(3)}, {"n": 1}))

    def load(self, state: State) -> Any:
        return self._or("load", None)


class WaywardAgent(Wayward, Agent):
    """The first action, otherwise."""

    options_type = WaywardOptions

    def __init__(self, options: Options, spaces: Spaces) -> None:
        self.options, self.steps = options, 0
        self._or("init", None)

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        distribution = np.zeros(len(mask))
        distribution[np.argmax(mask)] = 1.0
        return Choice(int(np.argmax(mask)), distribution)

    def decide(self, situation: Situation, seed: int, exploit: bool) -> Any:
        return self._or("decide", super().decide(situation, seed, exploit))

    def decide_batch(self, situations: Situations, seeds: NDArray[np.uint64], exploit: NDArray[np.bool_]) -> Any:
        made: Choices = super().decide_batch(situations, seeds, exploit)
        return self._or("decide_batch", made)

    def learn(self, steps: Transitions) -> Any:
        self.steps += len(steps)
        return self._or("learn", None)

    def learn_one(self, step: Transition) -> Any:
        self.steps += 1
        return self._or("learn_one", None)

    def drifted(self) -> Any:
        return self._or("drifted", None)

    @property
    def learned_steps(self) -> Any:
        return self._or("learned_steps", self.steps)

    def state(self) -> Any:
        return self._or("state", State({"ones": np.ones(3)}, {"n": self.steps}))

    def load(self, state: State) -> None:
        self._or("load", None)
        self.steps = int(state.meta["n"])


def _piece(**other: Any) -> Any:
    return replace(Content("text/plain", b"blot", sample=np.ones((2, 2), np.float32)), **other)


UNMADE: Mapping[str, Any] = {
    "texts": ["blot"],
    "fewer": [],
    "bytes": [_piece(data="blot")],
    "media": [_piece(media_type=7)],
    "sample": [_piece(sample=np.full((2, 2), np.nan, np.float32))],
    "shape": [_piece(sample=np.ones((3, 3), np.float32))],
    "listed": [_piece(sample=[1.0])],
    "attributes": [_piece(attributes={"x": float("nan")})],
}


class BlotOptions(Options):
    """Where it reads what to do wrong."""

    flag: str = ""


class Blot(Generator):
    """Makes the same blot each time, otherwise."""

    options_type = BlotOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, BlotOptions)
        self.flag = options.flag

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def samples(self, corpus: Corpus) -> Samples:
        train = np.random.default_rng(1).normal(size=(8, 2, 2)).astype(np.float32)
        return Samples(Domain.SURFACE, train, train[:0], tuple(map(str, range(8))))

    def generate(self, seeds: NDArray[np.int64], call: Call) -> Any:
        match does := Path(self.flag).read_text():
            case "raise":
                raise RuntimeError("secret of generate")
            case "exit":
                sys.exit(3)
            case "print":
                sys.stdout.write("a line that nobody asked for\n")
                np.seterr(all="raise")
        return UNMADE.get(does, ANSWERS.get(does, [_piece() for _ in seeds]))

    def state(self) -> State:
        return State({"ones": np.ones(3)})

    def load(self, state: State) -> None:
        """There is nothing to take over."""


FOREIGN = 10**6
UNHEARD: Mapping[str, Heard] = {
    "foreign": Heard("ask", "en", (SaidSlot("title", "x", item=FOREIGN),)),
    "mask": Heard("ask", "en", mask=np.ones(7, np.bool_)),
    "barred": Heard("ask", "en", mask=np.zeros(2, np.bool_)),
    "state": Heard("ask", "en", observation=9, mask=np.ones(2, np.bool_)),
    "reward": Heard("ask", "en", reward=float("nan")),
    "words": Heard("ask", 7),  # type: ignore[arg-type]
}
UNSAID: Mapping[str, Reply] = {
    "foreign": Reply("say", "well", "en", {}, (ReplyItem(FOREIGN, "x", 0.0),)),
    "many": Reply("say", "well", "en", {}, 21 * (ReplyItem(0, "x", 0.0),)),
    "score": Reply("say", "well", "en", {}, (ReplyItem(0, "x", float("nan")),)),
    "words": Reply("say", "\ud800", "en", {}),
    "memory": Reply("say", "well", "en", {"x": np.ones(2)}),
    "endless": Reply("say", "well" * 100_000, "en", {}),
}


class GossipOptions(Options):
    """What it does wrong, and where; while the flag is there."""

    at: str = ""
    does: str = "well"
    flag: str = ""


class Gossip(Wayward, Assistant):
    """Says what it heard, otherwise."""

    options_type = GossipOptions
    acts = ("say", "repeat")
    observations = 2

    def __init__(self, options: Options) -> None:
        self.options, self.put_off = options, 0
        self._or("init", None)

    def describe(self, contents: Sequence[ItemContent]) -> Any:
        self.put_off = 1
        return self._or("describe", None)

    @property
    def pending(self) -> Any:
        return self._or("pending", self.put_off)

    def settle(self) -> Any:
        self.put_off = 0
        return self._or("settle", None)

    def warm_up(self) -> Any:
        return self._or("warm_up", None)

    def hear(self, turn: Turn) -> Any:
        right = Heard("ask", "en", (), 0.5, 1, np.ones(2, np.bool_), thought=turn.text)
        return self._or("hear", right, UNHEARD)

    def reply(self, turn: Turn, heard: Heard, act: int) -> Any:
        right = Reply(self.acts[act], str(heard.thought), "en", {"said": turn.text}, (ReplyItem(0, "x", 1.0),))
        return self._or("reply", right, UNSAID)

    def state(self) -> Any:
        return self._or("state", State({"ones": np.ones(3)}, {"n": 1}))

    def load(self, state: State) -> Any:
        return self._or("load", None)


@impl
def register_engines() -> list[EngineSpec]:
    ranks, acts, talks = "wayward:WaywardRecommender", "wayward:WaywardAgent", "wayward:Gossip"
    return [
        EngineSpec(
            "wayward",
            Verb.RECOMMEND,
            "1.0",
            "Fails anywhere.",
            ranks,
            api_version=2,
            can_forget=True,
            needs_training=False,
            can_predict=True,
            reads_catalogue=True,
            rank=-3,
        ),
        EngineSpec("fickle", Verb.ACT, "1.0", "Fails anywhere.", acts, api_version=2, rank=-3),
        EngineSpec("blot", Verb.GENERATE, "1.0", "Fails at making.", "wayward:Blot", api_version=2, rank=-3),
        EngineSpec("gossip", Verb.ACT, "1.0", "Fails anywhere.", talks, api_version=2, rank=-3, converses=True),
    ]

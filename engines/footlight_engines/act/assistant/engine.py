"""The assistant engine: hears a turn, and does what was decided."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.assistant import intents, policy
from footlight_engines.act.assistant.answering import Answer, Answering, wanted_count
from footlight_engines.act.assistant.asides import prepare
from footlight_engines.act.assistant.classifier import classifier
from footlight_engines.act.assistant.completing import WISHING
from footlight_engines.act.assistant.dialogue import Dialogue, liked
from footlight_engines.act.assistant.giving_way import TOPICS, given_way
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import LEFT_OUT, Memory, Want
from footlight_engines.act.assistant.ranking import Found, Ranker
from footlight_engines.act.assistant.reading import CHINESE, ENGLISH, is_han
from footlight_engines.act.assistant.script import in_traditional, writes_traditional
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.turns import heard as understood_turn
from footlight_engines.act.assistant.understood import Understood
from footlight_plugins import (
    Assistant,
    EmbedderFailed,
    Heard,
    ItemContent,
    Options,
    Reply,
    SaidSlot,
    State,
    Turn,
    find_embedder,
)
from footlight_plugins.embedding import EmbedderSpec

_SEVERAL = pattern("several")
SEARCHING = (intents.ASK, intents.MORE, intents.PREFERENCE, intents.CRITIQUE, intents.REJECT, intents.SEEN)
"""The intents after which there is something to decide."""


class AssistantOptions(Options):
    """How it searches."""

    embedder: str = Field(
        "",
        max_length=63,
        description="Which embedder to search by meaning with; empty means the best that is installed, 'none' means none.",
    )
    policy: str = Field(
        "dialogue-policy",
        max_length=63,
        description="The deployment whose agent decides what to do in each turn: 128 observations, 4 actions.",
    )


@dataclass(frozen=True, slots=True)
class Thought:
    """What `hear` hands to `reply`."""

    memory: Memory
    understood: Understood
    found: Found | None


class CatalogueAssistant(Assistant):
    """Speaks Chinese and English about the items of a catalogue."""

    options_type: ClassVar[type[Options]] = AssistantOptions
    acts: ClassVar[tuple[str, ...]] = policy.ACTS
    observations: ClassVar[int] = policy.STATES

    def __init__(self, options: Options) -> None:
        """Loads the embedder, where there is one; without it search goes by words alone, and replies say so."""
        if not isinstance(options, AssistantOptions):
            raise TypeError(f"options must be AssistantOptions, not {type(options).__name__}")
        self.policy = options.policy
        found = None if options.embedder == "none" else find_embedder(options.embedder)
        self._embedder: EmbedderSpec | None = found[0] if found else None
        self._shelf = Shelf(found[1] if found else None)
        self._ranker: Ranker | None = None
        self._kept: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}

    def warm_up(self) -> None:
        """Compile the kernels and train the classifier."""
        from footlight_engines.act.assistant.title_index import TitleIndex

        try:
            classifier(self._shelf.embedder)
            prepare(self._shelf)
        except EmbedderFailed as fault:
            self._shelf.go_without(fault)
            classifier(None)
        TitleIndex([(0, "warm")]).find("warm up")

    def describe(self, contents: Sequence[ItemContent]) -> None:
        """Take over what the catalogue says of items."""
        self._shelf.put(contents)
        known = [one.item for one in contents if self._key(one.item) in self._kept]
        if known:
            self._shelf.embedded(known, np.stack([self._kept[self._key(item)] for item in known]))
        self._ranker = None

    @property
    def pending(self) -> int:
        """How many items and labels wait to be embedded."""
        return self._shelf.waiting

    def settle(self) -> None:
        """Embed some items: 32 of them, some 30 ms."""
        self._shelf.embed_some()

    def _ranking(self) -> Ranker:
        if self._ranker is None:
            self._ranker = Ranker(self._shelf)
        return self._ranker

    def hear(self, turn: Turn) -> Heard:
        """Understand a text and look for what there is to answer; see `Assistant.hear`."""
        before = Memory.restored(turn.memory)
        understood = self._told_apart(understood_turn(turn.text, before, self._shelf), before)
        memory = Dialogue(self._shelf, self._ranking().filters).advance(Memory.restored(turn.memory), understood)
        memory.turn = before.turn + 1
        memory.language = self._language(understood, before)
        written = writes_traditional(turn.text)
        memory.traditional = before.traditional if written is None else written
        reward = self._reward(before, understood)
        slots = tuple(SaidSlot(one.name, one.value, one.polarity > 0, one.item) for one in understood.said)
        if understood.intent not in SEARCHING or not self._shelf.facts or self._which(understood):
            thought = Thought(memory, understood, None)
            return Heard(understood.intent, memory.language, slots, reward, thought=thought)
        let_go = before.asked == LEFT_OUT and before.wants != memory.wants
        changed = intents.PREFERENCE if let_go else understood.intent
        goes_on = before.asked == LEFT_OUT and understood.intent == intents.SEEN
        wishing = (understood.intent in WISHING and understood.intent != intents.MORE) or goes_on
        stuck = goes_on or (before.asked == LEFT_OUT and (bool(understood.said) or understood.surprise))
        gone = given_way(self._ranking(), memory, turn.servable, before.turn, stuck) if wishing else []
        looking = stuck or any(want.turn == before.turn and want.name in TOPICS for want in memory.positive)
        if not gone and wishing and memory.use and looking:
            gone = self._for_any_use(memory, turn, before.turn)
        memory.wants = tuple(want for want in memory.wants if want not in gone)
        found = self._ranking().find(memory, turn.servable, turn.scores, changed)
        memory.wants = tuple(want for want in memory.wants if want.name != "about" or want not in found.unjudged)
        return Heard(
            understood.intent,
            memory.language,
            slots,
            reward,
            policy.observation(memory, understood.intent, found.count),
            self._possible(memory, understood, found.count, wanted_count(turn, understood)),
            Thought(memory, replace(understood, gone=tuple(gone)), found),
        )

    def _for_any_use(self, memory: Memory, turn: Turn, now: int) -> list[Want]:
        """What gives way where nothing to play (or watch, or hear) fits, but something else does: that goes, too."""
        ranker = self._ranking()
        if ranker.find(memory, turn.servable, None).count or not any(want.turn == now for want in memory.positive):
            return []
        before, memory.use = memory.use, ""
        gone = given_way(ranker, memory, turn.servable, now, True)
        if not gone and not ranker.find(memory, turn.servable, None).count:
            memory.use = before
        return gone

    def _language(self, understood: Understood, before: Memory) -> str:
        """The language of the text; a single English word changes nothing where Chinese is spoken."""
        said = understood.utterance.language or before.language or ENGLISH
        if before.language == CHINESE and is_han(understood.utterance.text):
            return CHINESE
        lone = len(understood.utterance.text.split()) < 2
        return before.language if lone and before.language == CHINESE else said

    def _told_apart(self, understood: Understood, before: Memory) -> Understood:
        """Of items that share a title, the one that was shown, or the one that fits what was said, is meant."""
        if len(understood.named) < 2 or sum(slot.name == "title" for slot in understood.every or understood.slots) > 1:
            return understood
        fits = self._ranking().filters.allowed(before)[0]
        for meant in ([i for i in understood.named if i in before.shown], [i for i in understood.named if fits[i]]):
            if len(meant) == 1:
                slots = [replace(s, item=meant[0]) if s.item in understood.named else s for s in understood.slots]
                return replace(understood, named=(meant[0],), slots=tuple(slots))
        return understood

    def _which(self, understood: Understood) -> bool:
        """Whether a title is meant that several items share, so that it has to be asked which."""
        return len(understood.named) > 1 and sum(slot.name == "title" for slot in understood.slots) == 1

    def _possible(self, memory: Memory, understood: Understood, candidates: int, count: int) -> NDArray[np.bool_]:
        """Which acts make sense; where several items are asked for, one with its story is no answer."""
        mask = policy.possible(memory, candidates, count, self._askable(memory, understood))
        if (understood.surprise or understood.count) and candidates:
            mask[policy.ASK] = False
        if understood.count > 1 or _SEVERAL.search(understood.utterance.text):
            mask[policy.EXPLAIN] = False
        return mask

    def _askable(self, memory: Memory, understood: Understood) -> bool:
        return understood.intent in (intents.ASK, intents.PREFERENCE) and not memory.likes

    def _reward(self, before: Memory, understood: Understood) -> float | None:
        """What a turn says of the reply before, where that showed something."""
        if not before.last:
            return None
        if understood.intent == intents.SEEN and liked(understood.utterance.text):
            return policy.SEEN_AND_LIKED
        return policy.REWARDS.get(understood.intent)

    def reply(self, turn: Turn, heard: Heard, act: int) -> Reply:
        """Do one of the acts, or what the intent asks for where there was nothing to decide."""
        thought = heard.thought
        assert isinstance(thought, Thought)
        answering = Answering(self._shelf, self._ranking(), turn, thought.memory, thought.understood)
        if heard.mask is None or thought.found is None:
            answer = answering.forced(self._which(thought.understood))
        else:
            answer = answering.by(policy.ACTS[act], thought.found)
        return self._worded(answer, thought.memory)

    def _worded(self, answer: Answer, memory: Memory) -> Reply:
        notes = tuple(dict.fromkeys(answer.notes))
        text = "\n".join((answer.text, *notes))
        if memory.traditional and memory.language == CHINESE:
            text, notes = in_traditional(text), tuple(map(in_traditional, notes))
        return Reply(answer.act, text, memory.language, memory.saved(), tuple(answer.items), notes)

    def _key(self, item: int) -> str:
        return hashlib.blake2b(self._shelf.facts[item].spoken[:300].encode(), digest_size=12).hexdigest()

    def state(self) -> State:
        """The vectors that were computed, by what they were computed of: nothing was learned."""
        if self._embedder is None:
            return State({}, {"embedder": "", "keys": []})
        items = [item for item in sorted(self._shelf.facts) if item < len(self._shelf.vectors)]
        done = [item for item in items if self._shelf.vectors[item].any()]
        vectors = self._shelf.vectors[done].astype(np.float16) if done else np.empty((0, 0), np.float16)
        meta = {
            "embedder": f"{self._embedder.name} {self._embedder.version}",
            "keys": [self._key(item) for item in done],
        }
        return State({"vectors": vectors}, meta)

    def load(self, state: State) -> None:
        """Take over vectors; those of another embedder are left alone. Items are told by `describe`, before or after.

        Raises
        ------
        ValueError
            When it is no such state.
        """
        keys, vectors = state.meta.get("keys"), state.arrays.get("vectors", np.empty((0, 0), np.float16))
        if not isinstance(keys, list) or vectors.ndim != 2 or len(keys) != len(vectors):
            raise ValueError("state of an assistant: 'keys' must name a row of the array 'vectors' each")
        mine = f"{self._embedder.name} {self._embedder.version}" if self._embedder else ""
        if state.meta.get("embedder") == mine and len(keys):
            self._kept = dict(zip(keys, vectors.astype(np.float32), strict=True))
            known = [item for item in self._shelf.facts if self._key(item) in self._kept]
            if known:
                self._shelf.embedded(known, np.stack([self._kept[self._key(item)] for item in known]))

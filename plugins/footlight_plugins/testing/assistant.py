"""The conformance suite of assistants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from footlight_plugins import Assistant, Heard, ItemContent, Reply, State, Turn
from footlight_plugins.testing.engine import EngineSuite, stored

_ODD = (
    "🎬🎬🎬", "?!?!", "。。。", "\u202e\u200b\ufeff", "𝓯𝓾𝓷𝓷𝔂 𝓯𝓲𝓵𝓶𝓼", "a" * 4_096, "电" * 4_096, "((((((((((", "\\d+(?:",
    "SELECT * FROM items; --", "funny 电影 please 谢谢", "нужна комедия", "🎬 推荐 a funny 电影 👍", "\t\n x", "0", "《》",
    "《", "''''", "é" * 300, "not " * 800, "不" * 900,
)  # fmt: skip


class AssistantSuite(EngineSuite):
    """What every assistant must do.

    Example
    -------
    ::

        from footlight_plugins.testing import AssistantSuite
        from my_package import register_engines

        class TestUsher(AssistantSuite):
            spec = register_engines()[0]

    Override ``talk`` where it speaks other languages.
    """

    talk: ClassVar[tuple[str, ...]] = (
        "recommend a funny film", "another one", "something newer", "what is the first one about?", "why this one?", "undo",
        "推荐一部科幻电影", "换一个", "太吓人了", "第一个讲什么", "就这个", "重新开始",
    )  # fmt: skip

    def contents(self) -> list[ItemContent]:
        """A small catalogue in two languages."""
        genres = ("comedy", "science fiction", "horror", "drama")
        return [
            ItemContent(
                i, f"Film {i} of {1970 + i}" if i % 2 else f"影片{i}", "film", (genres[i % 4],), {"year": 1970 + i}
            )
            for i in range(40)
        ]

    def assistant(self) -> Assistant:
        """An assistant that knows the catalogue and has no work left."""
        made: Assistant = self.engine_class()(self.chosen_options())
        made.describe(self.contents())
        while made.pending:
            made.settle()
        return made

    def turn(self, text: str, memory: Mapping[str, Any] | None = None) -> Turn:
        """A turn in which everything may be answered."""
        return Turn(text, memory or {}, np.ones(len(self.contents()), np.bool_))

    def conversation(self, assistant: Assistant, act: int = 1) -> list[tuple[Heard, Reply]]:
        """The talk from beginning to end, with one act wherever it is possible."""
        memory: Mapping[str, Any] = {}
        turns = []
        for text in self.talk:
            turn = self.turn(text, memory)
            heard = assistant.hear(turn)
            reply = assistant.reply(turn, heard, _possible(heard, act))
            turns.append((heard, reply))
            memory = json.loads(json.dumps(reply.memory, allow_nan=False))
        return turns

    def prepared(self, folder: Path) -> State:
        return self.assistant().state()

    def loaded(self, state: State) -> Assistant:
        assistant = self.assistant()
        assistant.load(state)
        return assistant

    def asked(self, engine: Assistant) -> list[Reply]:
        return [reply for _, reply in self.conversation(engine)]

    def test_it_says_which_acts_and_states_there_are(self) -> None:
        engine = self.engine_class()
        assert self.spec.converses and len(set(engine.acts)) == len(engine.acts) > 0 < engine.observations

    def test_every_state_and_mask_is_such_as_was_declared(self) -> None:
        assistant = self.assistant()
        for heard, _ in self.conversation(assistant):
            if heard.mask is not None:
                assert heard.mask.dtype == np.bool_ and heard.mask.shape == (len(assistant.acts),) and heard.mask.any()
                assert 0 <= heard.observation < assistant.observations

    def test_a_reward_is_between_minus_one_and_one(self) -> None:
        rewards = [heard.reward for heard, _ in self.conversation(self.assistant())]
        assert all(reward is None or -1 <= reward <= 1 for reward in rewards)

    def test_every_act_answers_with_text(self) -> None:
        assistant = self.assistant()
        for act in range(len(assistant.acts)):
            assert all(reply.text.strip() for _, reply in self.conversation(assistant, act))

    def test_the_same_talk_is_answered_the_same(self) -> None:
        first, again = self.conversation(self.assistant()), self.conversation(self.assistant())
        assert [reply for _, reply in first] == [reply for _, reply in again]

    def test_hearing_changes_nothing(self) -> None:
        assistant, turn = self.assistant(), self.turn(self.talk[0])
        assistant.hear(self.turn(self.talk[6]))
        first, again = assistant.hear(turn), assistant.hear(turn)
        assert (first.intent, first.slots, first.observation) == (again.intent, again.slots, again.observation)

    def test_an_item_that_may_not_be_answered_never_is(self) -> None:
        assistant, turn = self.assistant(), self.turn(self.talk[0])
        turn.servable[::2] = False
        heard = assistant.hear(turn)
        reply = assistant.reply(turn, heard, _possible(heard, 1))
        assert all(turn.servable[line.item] for line in reply.items)

    def test_a_reply_names_no_more_items_than_asked(self) -> None:
        assistant, turn = self.assistant(), self.turn(self.talk[0])
        turn.count = turn.most = 2
        heard = assistant.hear(turn)
        assert len(assistant.reply(turn, heard, _possible(heard, 1)).items) <= 2

    def test_a_changed_item_is_seen_as_it_is_now(self) -> None:
        assistant = self.assistant()
        assistant.describe([ItemContent(0, "Quicksilver Lighthouse", "film", ("comedy",))])
        turn = self.turn("What is Quicksilver Lighthouse about?")
        assert "Quicksilver Lighthouse" in assistant.reply(turn, assistant.hear(turn), 0).text

    def test_without_a_catalogue_it_says_something(self) -> None:
        empty: Assistant = self.engine_class()(self.chosen_options())
        turn = Turn(self.talk[0], {}, np.empty(0, np.bool_))
        assert empty.reply(turn, empty.hear(turn), 0).text

    @pytest.mark.parametrize("text", _ODD)
    def test_whatever_is_typed_is_answered(self, text: str) -> None:
        assistant, turn = self.assistant(), self.turn(text)
        heard = assistant.hear(turn)
        assert assistant.reply(turn, heard, _possible(heard, 1)).text

    def test_the_state_survives_storing_and_loading(self) -> None:
        assistant, again = self.assistant(), self.assistant()
        again.load(stored(assistant.state()))
        assert [r for _, r in self.conversation(assistant)] == [r for _, r in self.conversation(again)]


def _possible(heard: Heard, act: int) -> int:
    """The act, or the first possible one where it is not."""
    if heard.mask is None or heard.mask[act]:
        return act
    return int(np.flatnonzero(heard.mask)[0])

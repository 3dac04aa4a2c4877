"""Wishes and questions about whatever attributes a catalogue has: price, difficulty, players, languages, labels."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines.act.assistant.conftest import Talk

from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
from footlight_plugins import ItemContent

ROWS: list[tuple[str, str, str, tuple[str, ...], dict[str, Any]]] = [
    ("Stone Hollow", "石谷", "game", ("role-playing",),
     {"price": 30, "difficulty": "hard", "players": "1", "languages": ["English", "Chinese"], "year": 2021}),
    ("Bubble Parade", "泡泡游行", "game", ("puzzle",),
     {"price": 0, "difficulty": "easy", "players": "1-2", "languages": ["English"], "year": 2016}),
    ("Kart Comets", "彗星卡丁车", "game", ("racing",),
     {"price": 40, "difficulty": "easy", "players": "1-4", "languages": ["English", "Japanese"], "year": 2019}),
    ("Lantern Keepers", "守灯人", "board game", ("cooperative",),
     {"price": 35, "difficulty": 1.8, "players": "2-5", "duration": 45}),
    ("Duke of Sand", "沙之公爵", "board game", ("bluffing",),
     {"price": 60, "difficulty": 3.6, "players": "3-6", "duration": 120}),
    ("Orbit of Silence", "寂静轨道", "film", ("science fiction", "drama"),
     {"duration": 148, "year": 2019, "language": "English", "subtitles": ["Chinese"], "director": "Ana Ruiz",
      "summary": "Two astronauts wait for a rescue."}),
    ("Robots Don't Snore", "机器人不打鼾", "film", ("science fiction", "comedy"),
     {"duration": 86, "year": 2022, "language": "English", "subtitles": ["Dutch"], "director": "Pim de Wit",
      "summary": "A robot learns to sleep."}),
    ("Cold Kitchens", "冷厨房", "audiobook", ("mystery",), {"narrator": "Anna Bell", "author": "Greta Holm"}),
]  # fmt: skip


def _content(item: int, row: tuple[str, str, str, tuple[str, ...], dict[str, Any]]) -> ItemContent:
    title, chinese, kind, tags, attributes = row
    return ItemContent(item, title, kind, tags, attributes | {"title_zh": chinese})


@pytest.fixture(scope="module")
def shop() -> CatalogueAssistant:
    made = CatalogueAssistant(AssistantOptions(embedder="none"))
    made.describe([_content(item, row) for item, row in enumerate(ROWS)])
    return made


class Shopper(Talk):
    """Talks about the items above."""

    def shown(self, text: str) -> list[str]:
        """The catalogue's titles of the items in the reply to a text."""
        return sorted(ROWS[line.item][0] for line in self.say(text).items)


@pytest.fixture
def talk(shop: CatalogueAssistant) -> Shopper:
    return Shopper(shop)


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("a free game", ["Bubble Parade"]),
        ("难一点的游戏，要支持中文", ["Stone Hollow"]),
        ("a game for four people, under $40", ["Lantern Keepers"]),
        ("五个人玩的桌游，不要太难", ["Lantern Keepers"]),
        ("a bluffing game", ["Duke of Sand"]),
        ("科幻片，但不要太长的", ["Robots Don't Snore"]),
    ],
)
def test_a_wish_goes_by_the_attributes_that_the_catalogue_has(wish: str, found: list[str], talk: Shopper) -> None:
    assert talk.shown(wish) == found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("which of these is the longest?", "Orbit of Silence: 148 minutes. Robots Don't Snore: 86 minutes"),
        ("how long are they?", "86 minutes"),
        ("is Robots Don't Snore newer than the other?", "Yes. Robots Don't Snore: from 2022"),
        ("does Orbit of Silence have Chinese subtitles?", "yes (in English; subtitles in Chinese)"),
        ("the shorter one, is it a comedy?", "Robots Don't Snore: yes"),
        ("who directed the robot one?", "Pim de Wit"),
        ("compare them", "Orbit of Silence (2019, drama, science fiction): 148 minutes"),
        ("这两部哪部短", "《机器人不打鼾》：86分钟"),
        ("第二部有没有中文字幕", "字幕"),
        ("sort them by year", "1. Robots Don't Snore: from 2022"),
        ("shortest?", "Robots Don't Snore: 86 minutes. Orbit of Silence: 148 minutes"),
        ("how old is the first one compared to the second?", "from 20"),
    ],
)
def test_what_was_shown_is_compared_and_asked_about(question: str, answer: str, talk: Shopper) -> None:
    talk.say("science fiction films")
    reply = talk.say(question)
    assert answer in reply.text and talk.heard.intent == "inquire"


def test_what_the_catalogue_does_not_say_is_not_made_up(talk: Shopper) -> None:
    talk.say("a bluffing game")
    assert "does not give" in talk.say("is it in French?").text
    assert "does not say that" in talk.say("does it come with an expansion?").text


def test_what_was_not_shown_is_spoken_of_by_its_words(talk: Shopper) -> None:
    talk.say("a free game")
    assert "Anna Bell" in talk.say("who reads the kitchens one?").text
    assert "《石谷》的价格：30" in talk.say("石谷这个多少钱").text


def test_a_question_is_asked_again_of_another_item(talk: Shopper) -> None:
    talk.say("science fiction films")
    talk.say("who directed the first one?")
    assert (
        talk.say("and the other one?").text != talk.say("and the first one?").text
        and "direct" in talk.say("and the first one?").text
    )


def test_where_nothing_fits_twice_an_older_wish_goes(talk: Shopper) -> None:
    talk.say("a free game for five people")
    assert not talk.say("in Japanese").items or talk.say("an easy one").items


def test_an_item_is_taken_by_what_it_is_like(talk: Shopper) -> None:
    talk.say("science fiction films")
    reply = talk.say("I'd rather have the shorter one")
    assert talk.heard.intent == "accept" and "Robots" in reply.text


def test_the_list_that_was_shown_first_can_be_spoken_of(talk: Shopper) -> None:
    first = talk.say("science fiction films").items
    talk.say("a free game")
    assert talk.say("what year is the second one you showed at first from?").items[0].item == first[1].item


def test_a_wish_that_nothing_fits_lets_an_older_one_go_and_says_so(talk: Shopper) -> None:
    talk.say("a game in Japanese")
    reply = talk.say("something cooperative")
    assert [ROWS[line.item][0] for line in reply.items] == ["Lantern Keepers"] and "did not go by" in reply.text


def test_an_answer_before_a_wish_counts_as_well(talk: Shopper) -> None:
    talk.say("a free game")
    reply = talk.say("好，就这个。对了，再来一部科幻片")
    assert "《泡泡游行》" in reply.text and talk.memory["accepted"] == [1] and len(reply.items) == 2


@pytest.mark.parametrize("text", ["恐怖片吧，算了，还是科幻片", "a horror film... no wait, science fiction"])
def test_who_changes_their_mind_within_a_turn_means_the_latter(text: str, talk: Shopper) -> None:
    assert talk.shown(text) == ["Orbit of Silence", "Robots Don't Snore"]


@pytest.mark.parametrize("text", ["it's not that I don't like comedies", "不是不喜欢喜剧"])
def test_a_no_that_is_denied_leaves_nothing_out(text: str, talk: Shopper) -> None:
    talk.say(text)
    assert all(slot.wanted for slot in talk.heard.slots)


def test_what_no_slot_knows_is_left_out_by_its_words(talk: Shopper) -> None:
    assert talk.shown("science fiction, but nothing with astronauts") == ["Robots Don't Snore"]


def test_who_writes_traditional_characters_is_answered_in_them(talk: Shopper) -> None:
    assert "這" in talk.say("想看科幻電影").text or "幾個" in talk.say("還有嗎").text
    assert "导" not in talk.say("第一部的導演是誰").text


@pytest.mark.parametrize(
    ("text", "answer"),
    [("who are you?", "program"), ("能帮我买票吗", "做不了"), ("what time is it?", "clock"), ("surprise me", "\n1.")],
)
def test_what_is_said_aside_is_answered_honestly(text: str, answer: str, talk: Shopper) -> None:
    assert answer in talk.say(text).text


def test_of_a_long_text_the_sentences_that_wish_are_gone_by_and_the_reply_says_so(talk: Shopper) -> None:
    reply = talk.say("I want a free game. " + "My day was long and my shoes were wet. " * 90)
    assert [ROWS[line.item][0] for line in reply.items] == ["Bubble Parade"] and "long text" in reply.text

"""How many items a text asks for, and how many a reply names."""

from __future__ import annotations

from typing import Any

import pytest

from footlight_engines.act.assistant.counting import CARDINALS, ORDINALS, items_asked_for, whole
from footlight_engines.act.assistant.numbers import ordinal
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.scales import figures_on
from footlight_plugins import Turn

Talk = Any  # the class of the fixture


@pytest.mark.parametrize(
    ("said", "count"),
    [("seven", 7), ("nineteen", 19), ("twenty", 20), ("14", 14), ("十", 10), ("十七", 17), ("二十", 20)],
)
def test_a_number_word_is_a_number(said: str, count: int) -> None:
    assert whole(said) == count


@pytest.mark.parametrize("said", ["", "many", "几", "a"])
def test_a_word_that_is_no_number_is_none(said: str) -> None:
    assert whole(said) is None


def test_every_ordinal_up_to_twenty_is_known_in_words_and_figures() -> None:
    assert [ordinal(f"the {n} one", 20) for n in ("6th", "11th", "12th", "20th")] == [5, 10, 11, 19]
    assert [ordinal(f"the {word} one", 20) for word in ORDINALS] == list(range(20))


@pytest.mark.parametrize("count", range(2, 21))
def test_so_many_more_are_asked_for_in_words(count: int) -> None:
    assert items_asked_for(f"{CARDINALS[count]} more") == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a dozen comedies", 12), ("half a dozen war films", 6), ("a couple of light comedies", 2), ("12 more", 12),
        ("three short films please", 3), ("top ten thrillers", 10), ("ten would be great", 10),
        ("fine, a dozen of whatever you have", 12),
        ("just one please", 1), ("gimme two more", 2),
        ("再来十二部", 12), ("推荐两部科幻片", 2), ("换三个", 3), ("来一打", 12), ("一部就够了", 1), ("给我十个", 10),
    ],
)  # fmt: skip
def test_items_are_counted_in_both_languages(text: str, count: int) -> None:
    assert items_asked_for(read(text).text) == count


@pytest.mark.parametrize(
    "text",
    [
        "another one", "换一个", "seen the first two", "under two hours", "for two players", "show me three hours of jazz",
        "I have two kids", "these two films", "第三个讲什么", "前两个都看过", "这两部哪个长", "想看两个小时以内的",
        "有没有能两个人一起玩的", "两个孩子一起看", "twenty minutes at most",
    ],
)  # fmt: skip
def test_a_number_of_something_else_counts_no_items(text: str) -> None:
    assert items_asked_for(read(text).text) == 0


@pytest.mark.parametrize("text", ["five science fiction films", "来五部科幻电影"])
def test_a_reply_names_as_many_as_are_asked_for(text: str, talk: Talk) -> None:
    assert len(talk.titles(text)) == 5


def test_the_next_reply_names_as_many_as_ever(talk: Talk) -> None:
    talk.titles("two science fiction films")
    assert len(talk.titles("other ones")) == 3


def test_who_asks_for_more_than_there_are_is_told(talk: Talk) -> None:
    reply = talk.say("ten romance films")
    assert 0 < len(reply.items) < 10 and "no more" in reply.text


def test_there_is_room_for_no_more_than_the_caller_says(talk: Talk) -> None:
    turn = Turn("five science fiction films", {}, talk.servable, most=3)
    reply = talk.engine.reply(turn, talk.engine.hear(turn), 1)
    assert len(reply.items) == 3


def test_a_place_beyond_the_fifth_is_understood(talk: Talk) -> None:
    titles = talk.titles("eight science fiction films")
    assert [line.title for line in talk.say("the seventh one, please").items] == titles[6:7]


@pytest.mark.parametrize("text", ["ok six options then", "那就来五部吧"])
def test_a_number_of_items_is_a_wish_whatever_stands_before_it(text: str, talk: Talk) -> None:
    talk.titles("a science fiction film")
    assert len(talk.titles(text)) > 3


@pytest.mark.parametrize(
    ("text", "players"), [("a game with 2 friends", 3), ("和三个朋友一起玩的游戏", 4), ("a game for 2", 0)]
)
def test_who_plays_with_others_is_one_of_them(text: str, players: int) -> None:
    said = [value for name, value, *_ in figures_on(read(text).text) if name == "players"]
    assert said == ([f"with:{players}"] if players else [])

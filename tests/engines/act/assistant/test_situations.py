"""Wishes that are told by a situation or an image."""

from __future__ import annotations

from typing import Any

import pytest

from footlight_engines.act.assistant.lexicons import SLOTS, shared_lexicon, table
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.situations import felt, situations
from footlight_engines.act.assistant.slots import slots_of

Talk = Any  # the class of the fixture


def moods(text: str) -> dict[str, int]:
    said = read(text).text
    found = felt(said, slots_of(said, text, shared_lexicon()))
    return {slot.value: slot.polarity for slot in (*found.slots, *found.added) if slot.name == "mood"}


def test_every_situation_says_values_that_the_lexicon_has() -> None:
    assert all(value in table(SLOTS[slot]) for one in situations() for slot, value in one.values if slot in SLOTS)


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("it is pouring and we are stuck inside", "relaxing"), ("we're under a blanket with cocoa", "heartwarming"),
        ("something to watch over dinner", "light"), ("I've had a brutal week", "light"),
        ("it's our anniversary", "romantic"),
        ("a few friends are coming over", "funny"), ("feeling a bit low", "heartwarming"), ("I got dumped", "heartwarming"),
        ("lots of car chases", "exciting"), ("I want to be in stitches", "funny"), ("give me goosebumps", "scary"),
        ("bring tissues", "sad"), ("a real head-scratcher", "thoughtful"), ("jaw-dropping battles", "epic"),
        ("外面打雷呢，看什么好", "relaxing"), ("配着饭看的", "funny"), ("累瘫了", "light"), ("七夕看什么", "romantic"),
        ("失恋了", "heartwarming"), ("想起一身鸡皮疙瘩", "scary"), ("要备好纸巾的", "sad"),
        ("看完能琢磨半天的", "thoughtful"),
        ("心情特别低落", "heartwarming"), ("想看飙车的", "exciting"), ("笑到打滚那种", "funny"),
    ],
)  # fmt: skip
def test_a_situation_or_an_image_suggests_moods(text: str, mood: str) -> None:
    assert moods(text).get(mood) == 1


def test_who_feels_sad_wishes_for_nothing_sad() -> None:
    assert "sad" not in moods("I feel so sad today")


@pytest.mark.parametrize("text", ["nothing that gives me nightmares", "别让我做噩梦的"])
def test_an_image_may_be_unwanted(text: str) -> None:
    assert moods(text) == {"scary": -1}


@pytest.mark.parametrize("text", ["I'm not tired at all", "我今天没生病", "when was it released?", "a thriller"])
def test_what_is_no_situation_suggests_nothing(text: str) -> None:
    assert moods(text) == {}


@pytest.mark.parametrize("text", ["a scary one for a rainy night", "雨夜看的恐怖片", "I'm tired, give me a thriller"])
def test_who_says_what_is_wanted_is_not_told_by_the_circumstances(text: str) -> None:
    assert not {"relaxing", "light"} & set(moods(text))


@pytest.mark.parametrize("text", ["I'm knackered", "刚加完班，累死了"])
def test_a_circumstance_alone_is_a_wish(text: str, talk: Talk) -> None:
    reply = talk.say(text)
    assert reply.items and {"funny", "light", "搞笑", "轻松"} & set(reply.items[0].reasons)


def test_a_mood_that_is_named_takes_the_place_of_those_that_a_circumstance_suggests(talk: Talk) -> None:
    talk.say("something for a rainy sunday")
    talk.say("something exciting")
    assert talk.memory["suited"] == [] and [want[1] for want in talk.memory["wants"] if want[0] == "mood"] == [
        "exciting"
    ]


def test_a_list_without_the_mood_that_is_wanted_says_so(talk: Talk) -> None:
    reply = talk.say("a nostalgic horror film")
    assert reply.items and reply.notes[-1] == "None of these is said to be nostalgic."

"""Families of titles, topics that no slot knows, and when something begins next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.engines.act.assistant.conftest import Talk

from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
from footlight_engines.act.assistant.facts import facts_of
from footlight_engines.act.assistant.schedules import when_next
from footlight_engines.act.assistant.title_index import family
from footlight_plugins import Heard, ItemContent, Turn

NOW = int(datetime(2026, 11, 28, 8, tzinfo=UTC).timestamp() * 1e6)
HOUR = 3_600_000_000
HARBOUR = [
    ItemContent(0, "Harbour Tales: The Storm (2001)", "film", ("adventure",)),
    ItemContent(1, "Harbour Tales: The Calm (2004)", "film", ("adventure",)),
    ItemContent(2, "Island Days", "film", ("adventure",), {"summary": "Two sisters learn to sail."}),
    ItemContent(3, "Accounts", "film", ("adventure",), {"summary": "A bank and its clerks."}),
    ItemContent(4, "Night Harbour", "livestream", (), {"streamer": "Nika", "next_live": "2026-11-29T20:00+08:00"}),
    ItemContent(5, "早安码头", "livestream", (), {"streamer": "阿鲸"}, NOW + 3 * HOUR),
    ItemContent(6, "Back to the Pier", "film", ("comedy",), {"director": "Mara Lind"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def harbour() -> CatalogueAssistant:
    made = CatalogueAssistant(AssistantOptions(embedder="none"))
    made.describe(HARBOUR)
    return made


def say(engine: CatalogueAssistant, text: str, *live: int) -> tuple[Heard, Any]:
    servable = Talk(engine).servable[: len(HARBOUR)]
    servable[[item for item in (4, 5) if item not in live]] = False
    turn = Turn(text, {}, servable, time=NOW)
    heard = engine.hear(turn)
    return heard, engine.reply(turn, heard, 1)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("star wars: episode iv - a new hope", "star wars"), ("toy story 2", "toy story"), ("rocky ii", "rocky"),
        ("harry potter and the goblet of fire", "harry potter"), ("疯狂的麦克斯:狂暴之路", "疯狂的麦克斯"),
        ("beauty and the beast", ""), ("blade runner 2049", ""),
    ],
)  # fmt: skip
def test_titles_of_a_family_begin_alike(title: str, name: str) -> None:
    assert family(title) == name


def test_the_name_of_a_family_means_all_of_it(harbour: CatalogueAssistant) -> None:
    heard, reply = say(harbour, "something like Harbour Tales")
    assert [slot.item for slot in heard.slots if slot.name == "title"] == [0, 1] and not reply.notes[1:]


@pytest.mark.parametrize("text", ["a film about sailing", "anything to do with sailing, please"])
def test_what_speaks_of_a_topic_comes_first(text: str, harbour: CatalogueAssistant) -> None:
    assert say(harbour, text)[1].items[0].item == 2


def test_a_topic_that_nothing_speaks_of_is_told(harbour: CatalogueAssistant) -> None:
    reply = say(harbour, "a film about beekeepers")[1]
    assert reply.items and "Nothing here speaks of beekeepers" in reply.text


@pytest.mark.parametrize(
    "text", ["what is it about?", "how about something newer", "about two hours", "forget about it"]
)
def test_not_every_about_begins_a_topic(text: str, harbour: CatalogueAssistant) -> None:
    assert not [slot for slot in say(harbour, text)[0].slots if slot.name == "about"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when is Nika on next?", "it begins tomorrow at 20:00"), ("when will Nika stream?", "it begins tomorrow at 20:00"),
        ("阿鲸下次什么时候直播", "下次是今天11:00 UTC"), ("早安码头什么时候开播", "下次是今天11:00 UTC"),
    ],
)  # fmt: skip
def test_when_somebody_is_live_next_is_told_where_the_catalogue_knows_it(
    text: str, said: str, harbour: CatalogueAssistant
) -> None:
    assert said in say(harbour, text)[1].text


def test_who_is_live_is_live(harbour: CatalogueAssistant) -> None:
    assert say(harbour, "when is Nika on next?", 4)[1].text == "Night Harbour is live now."


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"schedule": "Fridays at nine"}, "it begins Fridays at nine"),
        ({"next_live": "2026-11-01T20:00+08:00"}, "do not know"),
        ({"next_live": "2026-12-24T18:30+00:00"}, "on 24 December 2026 at 18:30"), ({}, "do not know"),
    ],
)  # fmt: skip
def test_times_are_said_as_far_as_they_are_known(attributes: dict[str, str], said: str) -> None:
    assert said in when_next("en", facts_of(ItemContent(0, "Deck", "livestream", (), attributes)), False, NOW)


def test_somebody_whom_the_catalogue_has_is_no_title_that_it_lacks(harbour: CatalogueAssistant) -> None:
    heard, reply = say(harbour, "anything by Mara Lind?")
    assert ("people", "mara lind") in {(slot.name, slot.value) for slot in heard.slots}
    assert "I do not have" not in reply.text


def test_two_questions_at_once_are_both_answered(talk: Talk) -> None:
    talk.say("a horror film")
    text = talk.say("how long is the first one and is it funny?").text
    assert "minutes" in text and "no" in text


@pytest.mark.parametrize(
    ("text", "items"),
    [("seen heat and the matrix", [14, 1]), ("i've watched galaxy quest, alien", [4, 6]), ("看过闪灵和功夫", [7, 9])],
)
def test_several_titles_are_seen_at_once(text: str, items: list[int], talk: Any) -> None:
    talk.say("a film")
    talk.say(text)
    assert set(talk.memory["seen"]) == set(items)


def test_of_two_of_one_title_the_year_tells_which(talk: Any) -> None:
    talk.say("something like Solaris")
    talk.say("the one from 1972")
    assert talk.memory["likes"] == [15]


def test_of_two_of_one_title_what_it_has_more_of_tells_which(talk: Any) -> None:
    talk.say("something like Solaris")
    talk.say("the newer one")
    assert talk.memory["likes"] == [16]


@pytest.mark.parametrize("text", ["anything shorter?", "shorter?", "有更短的吗"])
def test_a_bare_comparative_is_a_wish(text: str, talk: Any) -> None:
    talk.say("a science fiction film")
    talk.say(text)
    assert talk.heard.intent in ("critique", "ask", "preference")


def test_a_title_with_back_to_in_it_goes_back_to_nothing(harbour: CatalogueAssistant) -> None:
    assert say(harbour, "more like Back to the Pier")[0].intent != "inquire"


def test_titles_before_i_know_are_seen(talk: Any) -> None:
    talk.say("a film")
    talk.say("heat and clueless i know by heart")
    assert talk.heard.intent == "seen" and set(talk.memory["seen"]) == {14, 8}


@pytest.mark.parametrize(
    "text", ["what's the difference between the first two?", "第一个和第二个有啥区别", "how do the first two differ?"]
)
def test_what_sets_two_apart_is_a_comparison(text: str, talk: Any) -> None:
    talk.say("a science fiction film")
    assert [line.item for line in talk.say(text).items] == talk.memory["last"][:2]


def test_anything_else_with_that_actress_looks_for_hers(talk: Any) -> None:
    talk.say("something with Harrison Ford")
    talk.say("anything else with that actor?")
    assert [want[:3] for want in talk.memory["wants"] if want[0] == "people"] == [["people", "harrison ford", 1]]


def test_a_courtroom_thing_is_about_courtrooms(harbour: CatalogueAssistant) -> None:
    heard = say(harbour, "none of these. what about a sailing thing")[0]
    assert [slot.value for slot in heard.slots if slot.name == "about"] == ["sailing"]


def test_the_age_of_a_child_is_among_the_wishes_that_leave_nothing(talk: Talk) -> None:
    talk.say("something for the kids")
    text = talk.say("horror from the 70s with Sigourney Weaver, under two hours, on Netflix").text
    assert "for children" in text or "kids" in text

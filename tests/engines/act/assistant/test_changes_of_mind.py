"""Wishes that change: what is kept, what is let go, and what is said where nothing is left."""

from __future__ import annotations

from typing import Any

import pytest

Talk = Any  # the class of the fixture


def test_a_question_for_a_decade_narrows_the_wish_before(talk: Talk) -> None:
    talk.titles("a comedy please")
    assert talk.titles("any from the 2000s?") == ["Kung Fu Hustle"]


def test_what_was_shown_comes_again_where_a_narrower_wish_leaves_nothing_else(talk: Talk) -> None:
    assert "Solaris" in talk.titles("a science fiction film older than 1975")
    reply = talk.say("something by Andrei Tarkovsky")
    assert [line.title for line in reply.items] == ["Solaris"] and "before" in reply.text


@pytest.mark.parametrize("text", ["有什么好玩的", "what could we play tonight?"])
def test_who_wants_to_play_is_shown_no_films(talk: Talk, text: str) -> None:
    assert set(talk.titles(text)) <= {"Stardew Valley", "Beat Saber"}


def test_who_wants_to_watch_is_shown_no_games(talk: Talk) -> None:
    shown = {title for text in ("今晚想看点放松的", "还有吗", "还有吗") for title in talk.titles(text)}
    assert shown and not {"Stardew Valley", "Beat Saber"} & shown


def test_another_sort_of_thing_leaves_the_length_and_the_years_of_the_films_behind(talk: Talk) -> None:
    talk.titles("找一部90年代的喜剧，一小时四十分钟以内")
    assert talk.titles("还是给我推荐个游戏吧") == ["Stardew Valley"]


def test_an_exclusion_outlasts_another_sort_of_thing(talk: Talk) -> None:
    talk.say("no simulation games for me, and I want to see a comedy")
    assert "Stardew Valley" not in talk.titles("actually, a game")


@pytest.mark.parametrize(
    ("wish", "less"), [("a comedy under 90 minutes", "forget the length"), ("九十分钟以内的喜剧", "时长不限")]
)
def test_a_wish_is_let_go_by_its_name(talk: Talk, wish: str, less: str) -> None:
    assert set(talk.titles(wish)) == {"Ace Ventura", "Liar Liar"}
    assert not {"Ace Ventura", "Liar Liar"} & set(talk.titles(less))


@pytest.mark.parametrize(("text", "said"), [("a comedy from the 1970s", "the 1970s"), ("七十年代的喜剧", "1970年代")])
def test_an_empty_answer_says_which_wish_is_in_the_way(talk: Talk, text: str, said: str) -> None:
    reply = talk.say(text)
    assert reply.items == () and reply.text.count(said) >= 2
    assert talk.titles("好" if said.endswith("代") else "ok")


def test_either_of_two_genres_will_do(talk: Talk) -> None:
    shown = set(talk.titles("crime or western, whatever you have"))
    assert shown == {"Heat"}
    assert {"Alien", "Clueless"} & {
        t for text in ("horror or romance, both are fine", "more", "more") for t in talk.titles(text)
    }


def test_a_decade_that_is_fine_too_comes_beside_the_one_before(talk: Talk) -> None:
    talk.titles("a science fiction film from the 80s")
    talk.say("the 70s are fine too")
    shown = {title for text in ("again the 80s too", "more") for title in talk.titles(text)}
    assert talk.memory["either"] == ["era"] and shown <= {"Blade Runner", "Alien", "Solaris"}


def test_without_somebody_is_no_wish_for_them(talk: Talk) -> None:
    assert not {"Ace Ventura", "Liar Liar"} & set(talk.titles("a comedy w/o Jim Carrey"))


def test_taking_what_was_shown_is_no_yes_to_a_question(talk: Talk) -> None:
    talk.titles("a comedy from 1993")
    talk.say("another one")
    talk.say("ok, I will take that one")
    assert talk.heard.intent == "accept"


def test_a_word_that_is_a_mood_is_no_word_of_a_title() -> None:
    from footlight_engines.act.assistant.ranking import _as_words

    assert "scary" not in _as_words("something scary with a lighthouse", [])
    assert "lighthouse" in _as_words("something scary with a lighthouse", [])


def test_a_well_known_title_is_found_in_a_catalogue_that_has_only_its_english_one() -> None:
    from tests.engines.act.assistant.conftest import Talk as MadeTalk

    from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
    from footlight_plugins import ItemContent

    own = CatalogueAssistant(AssistantOptions(embedder="none"))
    names = [("Notting Hill", ("comedy", "romance")), ("Bridget Jones", ("comedy", "romance")), ("Jaws", ("horror",))]
    own.describe([ItemContent(n, name, "film", genres) for n, (name, genres) in enumerate(names)])
    reply = MadeTalk(own).say("有没有像《诺丁山》那样的")
    assert next(line.title for line in reply.items) == "Bridget Jones" and "目录里没有" not in reply.text


def test_an_item_of_the_list_is_meant_by_what_it_is_like(talk: Talk) -> None:
    shown = talk.titles("films by Ridley Scott")
    assert set(shown) == {"Blade Runner", "Alien"}
    assert talk.titles("how long is the scary one?") == ["Alien"]


def test_an_item_that_was_shown_is_known_by_part_of_its_title(talk: Talk) -> None:
    assert "Galaxy Quest" in talk.titles("a science fiction comedy")
    assert talk.titles("what is galaxy about?") == ["Galaxy Quest"]


@pytest.mark.parametrize("text", ["do you have The Shining?", "有《闪灵》吗"])
def test_whether_a_title_is_there_is_answered(talk: Talk, text: str) -> None:
    assert talk.titles(text) == ["The Shining"] and talk.heard.intent == "inquire"


def test_several_titles_that_were_seen_are_all_left_out(talk: Talk) -> None:
    talk.titles("a comedy with Jim Carrey")
    assert not {"Ace Ventura", "Clueless"} & set(talk.titles("I have already seen Ace Ventura and Clueless"))


def test_parents_are_no_reason_for_children_s_films(talk: Talk) -> None:
    assert talk.titles("给我爸妈找部八十年代以前的科幻片")


def test_what_was_complained_of_does_not_come_again(talk: Talk) -> None:
    first = talk.titles("a comedy")[0]
    assert first not in talk.titles("that is a bit silly, something touching instead")


def test_a_single_english_word_changes_no_language(talk: Talk) -> None:
    talk.say("想看喜剧")
    assert talk.say("undo").language == "zh"


def test_an_artist_of_one_word_is_known_beside_chinese_characters(talk: Talk) -> None:
    talk.say("Ada的直播")
    assert ("people", "ada") in {(slot.name, slot.value) for slot in talk.heard.slots}


@pytest.mark.parametrize("text", ["посоветуй комедию", "コメディ"])
def test_other_scripts_are_said_to_be_unread(talk: Talk, text: str) -> None:
    talk.titles("a comedy")
    assert "English and Chinese" in talk.say(text).text and talk.heard.reward is None


def test_beginning_again_with_a_wish_answers_the_wish(talk: Talk) -> None:
    talk.titles("a horror film from the 80s")
    assert set(talk.titles("从头开始吧，想看爱情片")) == {"Clueless", "Groundhog Day"}


def test_more_by_whoever_plays_in_it(talk: Talk) -> None:
    assert talk.titles("a comedy from 1994") == ["Ace Ventura"]
    assert "Liar Liar" in talk.titles("any of his other films?")


def test_of_two_genres_the_one_that_is_taken_then_holds(talk: Talk) -> None:
    talk.titles("horror or romance, I can't decide")
    assert set(talk.titles("romance then")) <= {"Clueless", "Groundhog Day"}


def test_who_streams_are_virtual_idols_too(talk: Talk) -> None:
    assert set(talk.titles("谁在直播")) == {"Luo Tianyi Live", "Midnight Chess"}


def test_a_sigh_hides_nothing(talk: Talk) -> None:
    talk.titles("a comedy")
    talk.say("hmm, ugh, I watched Clueless three times, liked it")
    assert talk.heard.intent == "seen"


@pytest.mark.parametrize("no", ["no thanks", "不用"])
def test_a_no_keeps_the_wish_and_asks_for_another(talk: Talk, no: str) -> None:
    talk.titles("a comedy from 1993")
    talk.titles("another one")
    assert talk.say(no).act == "ask" and not talk.memory["asked"] and ["era", "1993", 1, -1, 0] in talk.memory["wants"]


@pytest.mark.parametrize(
    ("text", "intent"), [("就这些了吗", "more"), ("is that all?", "more"), ("有关太空旅行的", "ask")]
)
def test_short_questions_after_a_list_are_understood(talk: Talk, text: str, intent: str) -> None:
    talk.titles("想看喜剧")
    talk.say(text)
    assert talk.heard.intent == intent

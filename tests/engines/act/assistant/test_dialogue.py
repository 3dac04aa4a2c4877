"""Conversations: what is shown, what is remembered, what is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from footlight_plugins import ItemContent

Talk = Any  # the class of the fixture


def year(title: str) -> int:
    from tests.engines.act.assistant.conftest import FILMS

    return next(row[3] for row in FILMS if row[0] == title)


ENGLISH = [
    ("hello", "other", "greet"),
    ("I'd like a science fiction film", "ask", "recommend"),
    ("another one", "more", "recommend"),
    ("I've seen the first one", "seen", None),
    ("something lighter", "critique", None),
    ("what is the first one about?", "inquire", "inform"),
    ("who directed it?", "inquire", "inform"),
    ("why this one?", "why", "why"),
    ("no horror please", "critique", None),
    ("undo", "undo", "undo"),
    ("the first one sounds great", "accept", "accept"),
    ("start over", "reset", "reset"),
]
CHINESE = [
    ("你好", "other", "greet"),
    ("想看科幻电影", "ask", "recommend"),
    ("换一个", "more", "recommend"),
    ("第一个看过了", "seen", None),
    ("轻松一点的", "critique", None),
    ("第一个讲什么", "inquire", "inform"),
    ("导演是谁", "inquire", "inform"),
    ("为什么推荐这个", "why", "why"),
    ("不要恐怖片", "critique", None),
    ("撤销", "undo", "undo"),
    ("就看第一个", "accept", "accept"),
    ("重新开始", "reset", "reset"),
]


@pytest.mark.parametrize(("lines", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_twelve_turns_are_understood_and_answered_in_the_person_s_language(
    lines: list[tuple[str, str, str | None]], language: str, talk: Talk
) -> None:
    for text, intent, act in lines:
        reply = talk.say(text)
        assert (talk.heard.intent, reply.language) == (intent, language), text
        assert act in (None, reply.act), text
        assert reply.text


SMALL_TALK = {
    "good morning": "Hello",
    "thank you, that is kind": "You're welcome",
    "ok bye, see you tomorrow": "Bye",
    "what's the weather like": "only help you find",
    "lkjsdf lkj": "",
    "在吗": "你好",
    "谢谢啦": "不客气",
    "晚安": "再见",
    "今天天气怎么样": "只能帮你找",
}


@pytest.mark.parametrize("text", SMALL_TALK)
def test_small_talk_is_answered_as_what_it_is(text: str, talk: Talk) -> None:
    reply = talk.say(text)
    assert SMALL_TALK[text] in reply.text and not reply.items
    assert "Hello" in SMALL_TALK[text] or "Hello" not in reply.text


def test_who_has_not_seen_it_yet_is_asked_whether_to_take_it(talk: Talk) -> None:
    talk.say("a science fiction film")
    assert talk.say("I have never seen that one").text.startswith("Good, then it is new to you")


def test_what_was_shown_does_not_come_again(talk: Talk) -> None:
    first, second = talk.titles("a science fiction film"), talk.titles("another one")
    assert len(first) == 3 and not set(first) & set(second)


def test_newer_and_older_go_by_the_item_in_focus(talk: Talk) -> None:
    shown = talk.titles("想看科幻电影")
    assert all(year(title) > year(shown[0]) for title in talk.titles("有没有新一点的"))


def test_not_that_actor_leaves_out_whoever_plays_in_it(talk: Talk) -> None:
    assert talk.titles("a comedy with Jim Carrey")
    assert not {"Ace Ventura", "Liar Liar"} & set(talk.titles("not that actor"))


def test_an_exclusion_stays_when_something_else_is_asked_for(talk: Talk) -> None:
    talk.say("I hate horror")
    assert talk.titles("a science fiction film")
    shown = {title for _ in range(4) for title in talk.titles("another one")}
    assert shown and not {"Alien", "The Shining"} & shown


def test_undo_comes_back_to_the_list_before(talk: Talk) -> None:
    first = talk.titles("想看喜剧")
    talk.say("太长了")
    assert talk.titles("撤销") == first


def test_undoing_more_than_there_is_says_so(talk: Talk) -> None:
    assert "nothing to undo" in talk.say("undo").text


def test_an_ordinal_points_into_the_last_list(talk: Talk) -> None:
    shown = talk.titles("想看喜剧")
    assert talk.titles("第二个是谁导演的") == [shown[1]]


def test_a_misspelt_title_is_found_and_something_like_it_shown(talk: Talk) -> None:
    assert "Inception" in talk.titles("something like Interstelar")


def test_a_chinese_title_finds_an_item_with_an_english_one(talk: Talk) -> None:
    assert "Interstellar" in talk.titles("有没有类似盗梦空间的电影")


def test_a_title_that_two_items_share_is_asked_about(talk: Talk) -> None:
    assert talk.titles("what is Solaris about?") == ["Solaris", "Solaris"]
    assert talk.say("when was the second one made?").text == "Solaris is from 2002."


def test_a_child_is_shown_nothing_unfit(talk: Talk) -> None:
    assert set(talk.titles("给六岁的女儿看的电影")) == {"WALL-E", "Spirited Away"}


def test_a_length_in_hours_is_a_bound(talk: Talk) -> None:
    assert set(talk.titles("a comedy under an hour and a half")) == {"Ace Ventura", "Liar Liar"}


def test_who_is_live_is_found_by_availability(talk: Talk) -> None:
    assert talk.titles("现在有哪些虚拟主播在播") == ["Luo Tianyi Live"]
    talk.servable[19] = False
    assert talk.titles("重新开始") == [] and talk.titles("现在有哪些虚拟主播在播") == []


def test_games_are_found_by_platform(talk: Talk) -> None:
    assert talk.titles("想玩个Switch上的游戏") == ["Stardew Valley"]


def test_the_reply_says_why(talk: Talk) -> None:
    reply = talk.say("a comedy from the 90s with Jim Carrey")
    assert "with Jim Carrey" in reply.text and any("comedy" in reasons for reasons in (r.reasons for r in reply.items))


def test_nothing_that_fits_is_said_and_not_made_up(talk: Talk) -> None:
    reply = talk.say("a western from the 60s")
    assert reply.items == () and "1960s" in reply.text and "western" in reply.text


def test_a_title_that_is_not_there_is_said(talk: Talk) -> None:
    assert '"citizen kane"' in talk.say("something like Citizen Kane").text


def test_the_next_turn_rewards_the_reply_before(talks: Callable[[], Talk]) -> None:
    rewards = {}
    for text in ("the first one sounds great", "what is it about?", "something newer", "I don't like it", "help"):
        talk = talks()
        talk.say("a comedy")
        talk.say(text)
        rewards[talk.heard.intent] = talk.heard.reward
    assert rewards == {"accept": 1.0, "inquire": 0.3, "critique": -0.1, "reject": -0.5, "help": None}


@pytest.mark.parametrize("text", ["🎬🎬🎬", "?!", "blorp fnord", "锟斤拷烫烫烫"])
def test_what_is_not_understood_is_asked_back_and_leaves_nothing_to_learn(talk: Talk, text: str) -> None:
    before = talk.titles("a comedy")
    reply = talk.say(text)
    assert talk.heard.mask is None and talk.heard.reward is None and reply.act == "clarify"
    assert talk.titles("what is the first one about?") == before[:1]


def test_a_changed_item_is_found_under_its_new_title(talks: Callable[[], Talk]) -> None:
    from tests.engines.act.assistant.conftest import CATALOGUE
    from tests.engines.act.assistant.conftest import Talk as MadeTalk

    from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant

    own = CatalogueAssistant(AssistantOptions(embedder="none"))
    own.describe(CATALOGUE)
    own.describe([ItemContent(14, "Velvet Harbour", "film", ("crime",), {"year": 1995})])
    talk = MadeTalk(own)
    assert [line.title for line in talk.say("when was Velvet Harbour made?").items] == ["Velvet Harbour"]
    assert MadeTalk(own).say("when was the film Heat made?").items == ()


def test_what_the_catalogue_says_nothing_about_is_no_filter() -> None:
    from tests.engines.act.assistant.conftest import Talk as MadeTalk

    from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant

    own = CatalogueAssistant(AssistantOptions(embedder="none"))
    own.describe([ItemContent(n, f"Film {n}", "film", ("comedy",), {"year": 1990 + n}) for n in range(5)])
    reply = MadeTalk(own).say("a comedy with Tom Hanks")
    assert len(reply.items) == 3 and "nothing about people" in reply.text


def test_an_age_is_told_as_one(talk: Talk) -> None:
    assert "for 8-year-olds" in talk.say("a western from the 60s for an 8 year old").text


def test_without_an_embedder_the_first_reply_says_that_words_alone_count(talk: Talk) -> None:
    assert "words only" in talk.say("a comedy").text


@pytest.mark.parametrize(("text", "said"), [("the fourth one please", "only one"), ("就看第四个", "只推荐了一个")])
def test_an_item_that_was_not_shown_is_asked_back(text: str, said: str, talk: Talk) -> None:
    talk.titles("a western comedy with Bill Murray")
    talk.titles("something with Bill Murray")
    assert said in talk.say(text).text


@pytest.mark.parametrize("yes", ["yes", "sure", "好的"])
def test_a_yes_lets_the_newest_wish_go_where_nothing_more_fits(yes: str, talk: Talk) -> None:
    assert talk.titles("a comedy from 1993") == ["Groundhog Day"]
    assert talk.titles("another one") == []
    reply = talk.say(yes)
    assert reply.items and "1993" in "".join(reply.notes)


def test_somebody_else_takes_the_place_of_the_one_before(talk: Talk) -> None:
    talk.titles("a comedy")
    talk.titles("I like Jim Carrey")
    assert talk.titles("I like Bill Murray") == ["Groundhog Day"]

"""What somebody takes back of the turn before: another value of a slot, other company, a length that was too long."""

from __future__ import annotations

from typing import Any

import pytest

Talk = Any  # the class of the fixture


def wants(talk: Talk, name: str) -> list[str]:
    return [("-" if sign < 0 else "") + value for slot, value, sign, *_ in talk.memory["wants"] if slot == name]


@pytest.mark.parametrize("text", ["not games, films please", "不是游戏，是电影"])
def test_a_kind_that_is_corrected_is_not_left_out_for_good(text: str, talk: Talk) -> None:
    talk.say("something relaxing")
    talk.say(text)
    assert wants(talk, "kind") == ["film"]


@pytest.mark.parametrize("text", ["no, I meant romance", "你理解错了，我说的是爱情片"])
def test_a_correction_takes_the_place_of_what_the_turn_before_said_of_the_same(text: str, talk: Talk) -> None:
    talk.say("a horror film")
    talk.say(text)
    assert wants(talk, "genre") == ["romance"]


def test_a_correction_leaves_what_was_said_earlier(talk: Talk) -> None:
    talk.say("a comedy")
    talk.say("from the 80s")
    talk.say("sorry, I meant the 90s")
    assert (wants(talk, "genre"), wants(talk, "era")) == (["comedy"], ["1990s"])


def test_a_correction_of_a_likeness_is_like_the_other_title_alone(talk: Talk) -> None:
    talk.say("something like The Shining")
    talk.say("no, I meant Groundhog Day")
    assert talk.memory["likes"] == [12]


@pytest.mark.parametrize("text", ["not the first, the second", "不是第一个，是第二个"])
def test_a_place_that_is_corrected_is_not_meant(text: str, talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say("why the first one?")
    assert [line.item for line in talk.say(f"{text}, how long is it?").items] == talk.memory["last"][1:2]


@pytest.mark.parametrize(
    "text",
    ["forget the kids, it's just me. something scary", "孩子们都不看了，来点吓人的", "they left, so something scary"],
)
def test_what_was_wished_for_others_goes_with_them(text: str, talk: Talk) -> None:
    talk.say("an animated film for the kids, nothing violent")
    titles = talk.titles(text)
    assert (wants(talk, "age"), wants(talk, "mood")) == ([], ["scary"]) and {"Alien", "The Shining"} & set(titles)


def test_a_length_after_a_complaint_is_the_most_that_will_do(talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say("too long, she falls asleep after an hour and a half")
    assert wants(talk, "duration") == ["max:90"]


@pytest.mark.parametrize("text", ["no waffle please", "别来那种唧唧歪歪的"])
def test_what_the_catalogue_says_nothing_about_is_told_once_and_not_kept(text: str, talk: Talk) -> None:
    talk.say("a comedy")
    talk.say(text)
    assert wants(talk, "about") == []


def test_a_change_of_mind_needs_no_comma(talk: Talk) -> None:
    talk.say("有什么好玩的游戏")
    assert set(talk.titles("算了还是看动画吧")) <= {"WALL-E", "Spirited Away"} and talk.heard.intent != "inquire"


def test_a_word_for_a_time_is_no_person(talk: Talk) -> None:
    talk.say("她下次什么时候直播")
    assert wants(talk, "people") == []


@pytest.mark.parametrize("text", ["算了，来三部动画吧", "forget it, three animated films"])
def test_who_gives_up_begins_anew(text: str, talk: Talk) -> None:
    talk.say("a comedy with Jim Carrey from the 90s")
    talk.say(text)
    assert (wants(talk, "genre"), wants(talk, "era"), wants(talk, "people")) == (["animation"], [], [])


def test_what_would_do_without_is_left_out(talk: Talk) -> None:
    talk.say("游戏就算了，想看点轻松的")
    assert wants(talk, "kind") == ["-game"]


@pytest.mark.parametrize("text", ["不，我说的是看的，不是玩的"])
def test_a_correction_of_what_it_is_for_changes_it(text: str, talk: Talk) -> None:
    talk.say("有什么好玩的")
    assert not {"Stardew Valley", "Beat Saber"} & set(talk.titles(text))


@pytest.mark.parametrize(
    ("text", "era"),
    [("older than Alien", "before:1979"), ("比异形更早的", "before:1979"), ("newer than Inception", "after:2011")],
)
def test_what_is_compared_with_a_title_is_measured_by_that(text: str, era: str, talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say(text)
    assert (wants(talk, "era"), talk.memory["likes"]) == ([era], [])


@pytest.mark.parametrize("text", ["a horror film, my kid watches that anyway", "a horror film like when I was a kid"])
def test_a_child_who_does_not_watch_sets_no_age(text: str, talk: Talk) -> None:
    talk.say(text)
    assert wants(talk, "age") == []


def test_at_least_and_at_most_are_one_length(talk: Talk) -> None:
    titles = talk.titles("九十分钟以上一百分钟以下的电影")
    assert wants(talk, "duration") == ["90-100"]
    assert set(titles) <= {"WALL-E", "Galaxy Quest", "Clueless", "Kung Fu Hustle", "Solaris"}


def test_a_change_of_mind_within_a_turn_holds(talk: Talk) -> None:
    talk.say("八十分钟以内……不，一百分钟以内的喜剧")
    assert wants(talk, "duration") == ["max:100"]


@pytest.mark.parametrize("text", ["sorry, I meant the third", "我说的是第三个"])
def test_a_question_is_answered_for_the_item_that_was_meant(text: str, talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say("how long is the second?")
    reply = talk.say(text)
    assert talk.heard.intent == "inquire" and [line.item for line in reply.items] == talk.memory["last"][2:3]


@pytest.mark.parametrize("text", ["what was that robot one called again?", "刚才那个机器人的动画片叫啥来着"])
def test_a_name_that_was_forgotten_is_told(text: str, talk: Talk) -> None:
    talk.say("an animated film")
    talk.say("another one")
    assert "WALL-E" in talk.say(text).text or "机器人总动员" in talk.say(text).text


def test_two_that_were_asked_about_are_taken_together(talk: Talk) -> None:
    talk.say("five science fiction films")
    talk.say("how old is the second?")
    talk.say("and the fourth?")
    reply = talk.say("I'll take both")
    assert [line.item for line in reply.items] == [talk.memory["last"][1], talk.memory["last"][3]]


def test_not_babyish_leaves_a_child_of_a_known_age_something(talk: Talk) -> None:
    talk.say("a film for my brother, he's 9")
    assert talk.titles("not babyish please")


def test_something_to_play_leaves_the_length_of_what_was_shown_behind(talk: Talk) -> None:
    talk.say("science fiction under 100 minutes")
    assert set(talk.titles("let's just play something instead")) <= {"Stardew Valley", "Beat Saber"}
    assert wants(talk, "duration") == []


@pytest.mark.parametrize("text", ["fine, a horror film then", "好吧，来部恐怖片"])
def test_a_word_of_agreement_before_a_wish_takes_nothing(text: str, talk: Talk) -> None:
    talk.say("a comedy")
    talk.say(text)
    assert talk.memory["accepted"] == [] and wants(talk, "genre") == ["horror"]


def test_what_is_wished_for_with_a_rejection_holds(talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say("not for me, those are ancient, only after 2005")
    assert wants(talk, "era") == ["after:2005"]


@pytest.mark.parametrize(("text", "place"), [("the former", 0), ("the latter please", 1), ("前者吧", 0), ("后者", 1)])
def test_of_two_that_were_compared_the_former_and_the_latter_are_told(text: str, place: int, talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say("compare the third and the first")
    assert talk.say(text).items[0].item == talk.memory["last"][(2, 0)[place]]


def test_only_one_of_two_genres_takes_the_place_of_both(talk: Talk) -> None:
    talk.say("a comedy or a romance")
    talk.say("just romance")
    assert wants(talk, "genre") == ["romance"]


@pytest.mark.parametrize(
    ("text", "era"),
    [
        ("I was born in 1990, older than me please", ["before:1990"]),
        ("I was born in 1990, a comedy", []),
        ("我90年出生的，来部喜剧", []),
    ],
)
def test_the_year_of_a_birth_is_no_wish(text: str, era: list[str], talk: Talk) -> None:
    talk.say(text)
    assert wants(talk, "era") == era


@pytest.mark.parametrize("text", ["which one is shorter?", "which is shorter?", "哪个更短"])
def test_which_has_more_is_a_question(text: str, talk: Talk) -> None:
    talk.say("a science fiction film")
    talk.say(text)
    assert talk.heard.intent == "inquire"


def test_another_kind_after_a_rejection_is_to_feel_the_same(talk: Talk) -> None:
    talk.say("something light")
    talk.say("not that one. A film")
    assert (wants(talk, "mood"), wants(talk, "kind")) == (["light"], ["film"])


def test_a_mood_that_is_wanted_now_comes_before_one_of_earlier(talk: Talk) -> None:
    talk.say("a film, romantic please")
    assert talk.titles("I also want it scary")[0] in ("Alien", "The Shining")


@pytest.mark.parametrize(
    ("text", "said"), [("the second one, how long is it?", "minutes"), ("就第二个吧，多少分钟", "分钟")]
)
def test_who_takes_one_and_asks_about_it_is_answered(text: str, said: str, talk: Talk) -> None:
    talk.say("a science fiction film")
    assert said in talk.say(text).text


def test_a_kind_alone_narrows_a_mood(talk: Talk) -> None:
    talk.say("something light")
    talk.say("a film, please")
    assert (wants(talk, "mood"), wants(talk, "kind")) == (["light"], ["film"])


@pytest.mark.parametrize("text", ["knock out the ones longer than 100 minutes", "filter out anything over 100 minutes"])
def test_what_is_taken_out_of_a_list_is_unwanted(text: str, talk: Talk) -> None:
    talk.say("a comedy")
    talk.say(text)
    assert wants(talk, "duration") == ["max:100"]


def test_one_of_us_plays_not_alone(talk: Talk) -> None:
    talk.say("a comedy")
    talk.say("one of us hates blood")
    assert wants(talk, "players") == []


def test_not_for_children_leaves_what_is_only_fine_for_them(talk: Talk) -> None:
    titles = {title for text in ("a comedy, not for kids", "more", "more") for title in talk.titles(text)}
    assert "Groundhog Day" in titles and not titles & {"WALL-E", "Spirited Away"}

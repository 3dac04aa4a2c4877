"""Questions about an item, and what the catalogue knows of it."""

from __future__ import annotations

import pytest

from footlight_engines.act.assistant.facts import facts_of
from footlight_engines.act.assistant.informing import informed
from footlight_plugins import ItemContent

SHOW = facts_of(
    ItemContent(
        0,
        "Harbour Lights",
        "series",
        ("mystery",),
        {"title_zh": "港湾灯火", "seasons": 1, "episodes": 8, "platform": "PlayStation 5", "age": "12", "players": "1-2",
         "director": "Ann Hui", "rating": 8.1},
    )
)  # fmt: skip
QUESTIONS = {
    "how many episodes are there?": "Harbour Lights has one season and 8 episodes.",
    "一共几集": "《港湾灯火》一共1季和8集。",
    "什么平台能玩": "PlayStation",
    "评分高不高，多少分": "8.1",
    "can we play it together?": "players 1-2",
    "导演是谁": "Ann Hui导演",
    "is it okay for children?": "for ages 12 and up",
    "how much is it?": "does not give the price",
    "有中文字幕吗": "没有写《港湾灯火》的语言和字幕",
    "who directed it and how long is it?": "does not give the running time",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_was_asked_is_answered_or_said_to_be_unknown(question: str) -> None:
    language = "en" if question.isascii() else "zh"
    assert QUESTIONS[question] in informed(language, SHOW, question)


@pytest.mark.parametrize(("age", "answer"), [(14, "Yes"), (9, "Rather not")])
def test_whether_it_suits_goes_by_the_age_of_who_watches(age: int, answer: str) -> None:
    assert informed("en", SHOW, "is this one suitable for her?", age).startswith(answer)


def test_what_suits_everybody_is_not_said_to_be_for_ages_0_and_up() -> None:
    facts = facts_of(ItemContent(1, "Pebbles", "film", (), {"age_rating": "G"}))
    assert informed("zh", facts, "几岁能看") == "《Pebbles》所有年龄都适合。"

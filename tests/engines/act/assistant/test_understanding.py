"""What texts are understood as, in both languages."""

from __future__ import annotations

import pytest

from footlight_engines.act.assistant.examples import Example, examples
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.understanding import understand

SLOTS = {
    "我要看一部没有血腥镜头的战争片": "mood=-violent genre=war",
    "射击游戏玩不来": "genre=-shooter",
    "家里有老港片吗": "era=classic region=hong-kong",
    "two hours or more of pure fantasy please": "duration=min:120 genre=fantasy",
    "these are a bit heavy": "mood=-dark",
    "can we go a bit darker?": "mood=dark",
    "谁在直播打游戏": "kind=stream",
    "I want to listen to 90s hip hop": "genre=hip-hop era=1990s",
    "推荐几部科幻片": "genre=science-fiction",
    "有没有类似星际穿越的电影": "title=星际穿越 kind=film",
    "想看诺兰导演的悬疑片，不要太长": "people=christopher nolan genre=mystery duration=-long",
    "没那么血腥的战争片": "mood=-violent genre=war",
    "2010年以后的韩剧": "era=after:2010 kind=series region=korea",
    "除了恐怖片和战争片都行": "genre=-horror genre=-war",
    "想看輕鬆的愛情電影": "mood=light genre=romance kind=film",
    "I want something like The Matrix but less violent": "title=the matrix mood=-violent",
    "anything except horror or war": "genre=-horror genre=-war",
    "I loved Inception and Interstellar": "title=inception title=interstellar",
    "not too scary, for my 6 year old daughter": "mood=-scary age=6",
    "a film under an hour and a half from the nineties": "kind=film duration=max:90 era=1990s",
    "I don't like scary movies, but I love thrillers": "mood=-scary genre=thriller",
    "I'm tired of superhero movies": "genre=-superhero",
    "films from 1995 to 2003": "kind=film era=1995-2003",
    "similar to 1917": "title=1917",
    "recomend me a horor movie": "genre=horror kind=film",
    "I want a sceince fiction film": "genre=science-fiction kind=film",
    "I loved the martian": "title=the martian",
    "我想睇科幻片": "genre=science-fiction",
    "唔要恐怖片": "genre=-horror",
    "想睇套輕鬆啲嘅喜劇": "mood=light genre=comedy",
}


def said(text: str) -> set[str]:
    slots = understand(text).slots
    return {f"{slot.name}={'' if slot.polarity > 0 else '-'}{slot.value.casefold()}" for slot in slots}


def expected(slots: str) -> set[str]:
    names = ("genre", "kind", "mood", "era", "people", "duration", "age", "region", "title")
    parts: list[str] = []
    for word in slots.split():
        if word.partition("=")[0] in names:
            parts.append(word)
        else:
            parts[-1] += f" {word}"
    return set(parts)


@pytest.mark.parametrize("text", SLOTS)
def test_slots_have_values_and_polarity(text: str) -> None:
    assert said(text) == expected(SLOTS[text])


@pytest.mark.parametrize(("text", "intent"), [("呢套睇過喇", "seen"), ("點解推介呢套", "why"), ("系列片", "")])
def test_cantonese_is_read_where_it_is_written(text: str, intent: str) -> None:
    assert understand(text).intent == intent


def test_the_utterances_it_comes_with_are_understood() -> None:
    known = examples()
    right = [one for one in known if understand(one.text).intent == one.intent]
    assert len(known) >= 600 and len(right) >= 0.95 * len(known)


def test_half_of_them_are_chinese_and_every_intent_is_there() -> None:
    known = examples()
    chinese = [one for one in known if not one.text.isascii()]
    assert 0.45 < len(chinese) / len(known) < 0.6
    assert len({one.intent for one in known}) == 13


def test_no_example_is_there_twice() -> None:
    texts = [one.text for one in examples()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("text", ["", "🎬🎬", "...", "\u200b"])
def test_a_text_without_words_says_nothing(text: str) -> None:
    assert understand(text).utterance.empty and understand(text).intent == ""


@pytest.mark.parametrize("text", ["blorp fnord", "qwertz uiop", "锟斤拷烫烫烫"])
def test_it_does_not_guess_where_it_is_not_sure(text: str) -> None:
    assert understand(text).intent == ""


def test_a_bare_value_answers_a_question_and_asks_otherwise() -> None:
    assert understand("comedy").intent == "ask"
    assert understand("comedy", Memory(asked="genre")).intent == "preference"


def test_a_bare_number_takes_an_item_of_the_list() -> None:
    heard = understand("第二个", Memory(last=(4, 5, 6)))
    assert (heard.intent, heard.place) == ("accept", 1)


def test_an_example_is_parsed_with_values_that_hold_spaces() -> None:
    from footlight_engines.act.assistant.examples import parsed

    line = "ask\tmovies with Tom Hanks\tkind=film people=tom hanks"
    expected = frozenset({("kind", "film", 1), ("people", "tom hanks", 1)})
    assert parsed(line) == Example("ask", "movies with Tom Hanks", expected)

"""A small house in two languages, and somebody to talk to in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
from footlight_engines.act.assistant.policy import prior
from footlight_plugins import Heard, ItemContent, Reply, Turn

FILMS = [
    ("Blade Runner", "银翼杀手", ("science fiction",), 1982, 117, "Ridley Scott", "Harrison Ford", 16),
    ("The Matrix", "黑客帝国", ("science fiction", "action"), 1999, 136, "Lana Wachowski", "Keanu Reeves", 16),
    (
        "Interstellar",
        "星际穿越",
        ("science fiction", "drama"),
        2014,
        169,
        "Christopher Nolan",
        "Matthew McConaughey",
        12,
    ),
    ("Inception", "盗梦空间", ("science fiction", "thriller"), 2010, 148, "Christopher Nolan", "Leonardo DiCaprio", 12),
    ("Galaxy Quest", "惊爆银河系", ("science fiction", "comedy"), 1999, 102, "Dean Parisot", "Tim Allen", 8),
    ("WALL-E", "机器人总动员", ("science fiction", "animation", "family"), 2008, 98, "Andrew Stanton", "Ben Burtt", 0),
    ("Alien", "异形", ("science fiction", "horror"), 1979, 117, "Ridley Scott", "Sigourney Weaver", 16),
    ("The Shining", "闪灵", ("horror",), 1980, 146, "Stanley Kubrick", "Jack Nicholson", 16),
    ("Clueless", "独领风骚", ("comedy", "romance"), 1995, 97, "Amy Heckerling", "Alicia Silverstone", 8),
    ("Kung Fu Hustle", "功夫", ("comedy", "martial arts"), 2004, 99, "Stephen Chow", "Stephen Chow", 12),
    ("Ace Ventura", "神探飞机头", ("comedy",), 1994, 86, "Tom Shadyac", "Jim Carrey", 8),
    ("Liar Liar", "大话王", ("comedy",), 1997, 86, "Tom Shadyac", "Jim Carrey", 8),
    ("Groundhog Day", "土拨鼠之日", ("comedy", "romance"), 1993, 101, "Harold Ramis", "Bill Murray", 8),
    ("Spirited Away", "千与千寻", ("animation", "fantasy"), 2001, 125, "Hayao Miyazaki", "Rumi Hiiragi", 0),
    ("Heat", "盗火线", ("crime", "thriller"), 1995, 170, "Michael Mann", "Al Pacino", 16),
    ("Solaris", "飞向太空", ("science fiction",), 1972, 167, "Andrei Tarkovsky", "Natalya Bondarchuk", 12),
    ("Solaris", "索拉里斯", ("science fiction",), 2002, 99, "Steven Soderbergh", "George Clooney", 12),
]
OTHERS = [
    ItemContent(17, "Stardew Valley", "game", ("simulation",), {"platform": ["Switch", "Steam"], "year": 2016}),
    ItemContent(18, "Beat Saber", "VR", ("rhythm",), {"platform": ["Quest"], "year": 2018}),
    ItemContent(19, "Luo Tianyi Live", "virtual idol", ("pop",), {"title_zh": "洛天依演唱会", "artist": "Luo Tianyi"}),
    ItemContent(20, "Midnight Chess", "livestream", (), {"title_zh": "午夜棋局", "streamer": "Ada"}),
]


def _film(item: int, row: tuple[Any, ...]) -> ItemContent:
    title, chinese, tags, year, minutes, director, star, age = row
    facts = {"title_zh": chinese, "year": year, "duration": minutes, "director": director, "cast": [star], "age": age}
    return ItemContent(item, title, "film", tags, facts | {"summary": f"A story that {director} tells."})


CATALOGUE = [_film(item, row) for item, row in enumerate(FILMS)] + OTHERS


class Talk:
    """A conversation in which the best act by the prior is done."""

    def __init__(self, engine: CatalogueAssistant) -> None:
        self.engine = engine
        self.memory: Mapping[str, Any] = {}
        self.servable = np.ones(len(CATALOGUE), np.bool_)
        self.heard = Heard("", "")

    def say(self, text: str) -> Reply:
        """The reply to a text."""
        turn = Turn(text, self.memory, self.servable)
        self.heard = self.engine.hear(turn)
        act = 0
        if self.heard.mask is not None:
            act = int(np.argmax(np.where(self.heard.mask, prior()[self.heard.observation], -np.inf)))
        reply = self.engine.reply(turn, self.heard, act)
        self.memory = json.loads(json.dumps(reply.memory))
        return reply

    def titles(self, text: str) -> list[str]:
        """The catalogue's titles of the items in the reply to a text."""
        return [CATALOGUE[line.item].title for line in self.say(text).items]


@pytest.fixture(scope="session")
def engine() -> CatalogueAssistant:
    made = CatalogueAssistant(AssistantOptions(embedder="none"))
    made.describe(CATALOGUE)
    return made


@pytest.fixture
def talk(engine: CatalogueAssistant) -> Talk:
    return Talk(engine)


@pytest.fixture
def talks(engine: CatalogueAssistant) -> Callable[[], Talk]:
    """Makes further conversations."""
    return lambda: Talk(engine)

"""Answers about one item: what it is about, who is in it, how long it takes, when and where."""

from __future__ import annotations

import re

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.wording import facts_line, listed, say, title_of

_WHO = re.compile(
    r"\bwho\b|\bcast\b|\bactors?\b|\bdirect(?:or|ed|s)\b|\bstarring\b|\bstars?\b|谁|主演|导演|演员|歌手|配音"
)
_LONG = re.compile(
    r"\bhow long\b|\brun(?:ning)? ?time\b|\blength\b|多长|多久|时长|片长|多少分钟|几个小时|几分钟|\blong\?"
)
_WHEN = re.compile(r"\bwhen\b|\bwhat year\b|\bwhich year\b|\bhow old is\b|哪一?年|什么时候|几几年|哪年|年份")
_WHERE = re.compile(r"\bwhere\b|\bwhich (?:platform|service)\b|\bon (?:netflix|steam)\b|哪里|哪儿|在哪|什么平台")
_AGE = re.compile(r"\b(?:kids?|children|suitable|appropriate|age|child)\b|孩子|小孩|儿童|几岁|多大|小朋友")


def informed(language: str, facts: Facts, question: str) -> str:
    """The answer to a question about an item, from what the catalogue says of it."""
    title = title_of(language, facts)
    if _WHO.search(question):
        people = _people(language, facts)
        return say(language, "who", title=title, people=people) if people else say(language, "not_known", title=title)
    if _LONG.search(question):
        known = facts.minutes > 0
        return _or_unknown(language, title, known, "how_long", minutes=f"{facts.minutes:g}")
    if _WHEN.search(question):
        return _or_unknown(language, title, facts.year > 0, "when", year=facts.year)
    if _WHERE.search(question):
        platforms = facts.values("platform")
        return _or_unknown(language, title, bool(platforms), "where", platform=listed(language, platforms))
    if _AGE.search(question) and facts.least_age >= 0:
        return say(language, "rated", title=title, age=facts.least_age)
    return _about(language, facts, title)


def _or_unknown(language: str, title: str, known: bool, what: str, **names: object) -> str:
    return say(language, what, title=title, **names) if known else say(language, "not_known", title=title)


def _people(language: str, facts: Facts) -> str:
    parts = []
    if facts.directors:
        parts.append(say(language, "directed_by", names=listed(language, facts.directors[:3])))
    if facts.cast:
        parts.append(say(language, "starring", names=listed(language, facts.cast[:4])))
    return say(language, "comma").join(parts)


def _about(language: str, facts: Facts, title: str) -> str:
    line = facts_line(language, facts)
    if not facts.text:
        return say(language, "about_plain" if line else "about_nothing", title=title, facts=line)
    return say(language, "about", title=title, facts=line, text=facts.text.rstrip(".。"))

"""Questions about items that were shown, beyond what one of them is about: which has more of something, what several have,
whether one is so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.references import Meant
from footlight_engines.act.assistant.scales import COMPARED, EXTREME, Degree, asked_scales, degrees
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import Slot

TABLE, WHICH, VALUES, CHECK, LIVE, SORT, AGAIN, EACH = (
    "table",
    "which",
    "values",
    "check",
    "live",
    "sort",
    "again",
    "each",
)
_ONLY_HERE = ("difficulty", "score")
_WISHED_FOR = ("kind", "title", "people", "tag")
"""Slots that a question about something shown does not have."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, with the items that it is about."""

    form: str
    items: tuple[int, ...]
    scale: str = ""
    sign: int = 1
    scales: tuple[str, ...] = ()
    wants: tuple[Slot, ...] = ()
    """What an item is asked to be."""
    claim: int = -1
    """The item of which it is asked whether it has more than the other."""


_COMPARE = pattern("compare")
_WHICH = pattern("which_of_them")
_THAN = pattern("than")
_SORTS = pattern("sorts")
_WHETHER = pattern("whether")
_ELLIPTIC = pattern("whether_elliptic")
_SEEKS = pattern("seeks")
_IT = pattern("singular")
_ASKS_WHO = pattern("asks_who")
_AND_THAT = pattern("and_that")
_OF_TWO = pattern("of_two")
_AGAINST = pattern("set_against")
_LIKE = re.compile(r"\b(?:like|similar)\b|像|类似|一样|差不多")
_SMALL = re.compile(r"\b(?:the|of|these|those|them|ones?|all|two|three|is|which|what|and)\b|[这些里中几个部是哪的最]")
_HOW_MUCH = re.compile(r"\bhow much\b|多少|几")
_SENTENCE = re.compile(r"[.!。！;；](?=\s|$|[\u4e00-\u9fff])")
_LIVE = pattern("asks_live")
_ASKING = pattern("puts_a_question")


def asked(
    text: str, memory: Memory, about: Meant, slots: Sequence[Slot], terms: Sequence[Slot], whom: Sequence[int] = ()
) -> Query | None:
    """The question that a normalised text puts about items that were shown or named; None where it puts none. ``whom``
    it speaks of by a name that nothing was shown of."""
    pair = (memory.compared or memory.shown[-2:]) if _OF_TWO.search(text) else memory.last
    together = about.items if len(about.items) > 1 else memory.last if len(memory.last) > 1 else pair
    if _LIVE.search(text) and whom and not about.explicit:
        return Query(LIVE, tuple(whom[:1]))
    if not about.items and not together:
        return None
    if _COMPARE.search(text) and len(together) > 1:
        return Query(TABLE, tuple(together))
    if only_compares(text):
        return None
    if found := _sorted(text, together) or _against(text, memory, about):
        return found
    if _AND_THAT.search(text) and memory.question and len(about.items) == 1 and about.explicit and not degrees(text):
        return Query(AGAIN, about.items)
    if _LIKE.search(text) and any(slot.name == "kind" for slot in slots):
        return None  # something like it is looked for
    seeks = _SEEKS.search(text) is not None or any(slot.name in _WISHED_FOR[:1] for slot in slots)
    if _LIVE.search(text) and about.items and (about.explicit or _IT.search(text)):
        return Query(LIVE, about.items[:1])
    said = [slot for slot in (*slots, *terms) if not (slot.place < about.span[1] and about.span[0] < slot.end)]
    wants = tuple(slot for slot in said if slot.name not in _WISHED_FOR)
    people = [
        slot for slot in said if slot.name in ("people", "tag") and slot.name not in {want.name for want in wants}
    ]
    if not seeks and (found := _which(text, memory, about, together, (*wants, *people))):
        return found
    if seeks and not about.explicit:
        return None
    begins = max((match.end() for match in _SENTENCE.finditer(text[:-1])), default=0)
    wants = tuple(want for want in wants if want.place >= begins)  # "bit too long. Where is it on?" asks the last alone
    return _values(text[begins:], memory, about, wants) or _check(text[begins:], memory, about, wants)


def whose_time(text: str, shelf: Shelf) -> list[int]:
    """The items whose times a normalised text asks for by a name or a part of a title: "when is Mika on next?"."""
    if not _LIVE.search(text):
        return []
    match = _SUBJECT.search(text)
    said = next((group for group in match.groups() if group), "").strip() if match else ""
    found = shelf.speaking_of(said) if len(said) > 1 and not _IT.fullmatch(said) else []
    return found if len(found) <= _FEW else []


_SUBJECT = re.compile(
    r"\b(?:is|are|does|do|will) (?:the )?([a-z][\w' -]*?) (?:be |going to be |go |on|live|streaming|stream|back|next|air)"
    r"|^(?:那|请问|想问)?([\u4e00-\u9fff]{2,8}?)(?:的)?(?:下[次回一]|什么时候|何时|几点|哪天|啥时候|今[天晚]|现在|直播)"
)
_FEW = 3


def _against(text: str, memory: Memory, about: Meant) -> Query | None:
    """Two that are set against each other: by what is asked, or by all that is known."""
    pair = _pair(memory, about) if _AGAINST.search(text) and about.explicit else ()
    if len(pair) < 2:
        return None
    if found := degrees(text):
        return Query(WHICH, pair, *_end(found))
    return Query(VALUES, pair, scales=tuple(asked_scales(text))) if asked_scales(text) else Query(TABLE, pair)


def only_compares(text: str) -> bool:
    """Whether a text is no more than a comparative: "anything cheaper?" wishes for it."""
    compared = [one for one in degrees(text) if one.degree == COMPARED]
    if not compared or _WHICH.search(text) or _HOW_MUCH.search(text):
        return False
    rest = _ANY.sub("", text[: compared[0].start] + text[compared[0].end :])
    return len(_SMALL.sub("", rest).strip(" ?!.,。，？！")) < 2


_ANY = re.compile(r"\b(?:anything|something|any|ones?|maybe|ok|hm+|got)\b|有没有|有|呢|吗|么|的|来|换|再")


def _sorted(text: str, together: Sequence[int]) -> Query | None:
    """In what order the items are to be put; a bare "cheapest?" asks for the first in that order."""
    extremes = [one for one in degrees(text) if one.degree == EXTREME]
    bare = (
        _SMALL.sub("", text[: extremes[0].start] + text[extremes[0].end :]).strip(" ?!.,。？！") if extremes else text
    )
    if len(together) > 1 and extremes and len(bare) < 2:
        return Query(WHICH, tuple(together), *_end(extremes))
    asks = asked_scales(text) if _SORTS.search(text) else []
    return Query(SORT, tuple(together), asks[0]) if asks and len(together) > 1 else None


def _which(text: str, memory: Memory, about: Meant, together: Sequence[int], wants: Sequence[Slot]) -> Query | None:
    """Which of several has most of something, or is so."""
    found = degrees(text)
    whether = _WHETHER.search(text) is not None or _ELLIPTIC.search(text) is not None
    if found and _THAN.search(text) and whether and (pair := _pair(memory, about)):
        return Query(WHICH, pair, *_end(found), claim=_claim(text, pair, about, found))
    of_them = about.several and any(one.degree == EXTREME for one in found)
    if not (_WHICH.search(text) or of_them) or len(together) < 2:
        return None
    if found:
        return Query(WHICH, tuple(together), *_end(found))
    return Query(WHICH, tuple(together), wants=tuple(wants)) if wants else None


def _claim(text: str, pair: Sequence[int], about: Meant, found: Sequence[Degree]) -> int:
    """Of which of the two it is asked whether it has more; -1 where it is asked which has."""
    if _WHICH.search(text) or _HOW_MUCH.search(text):
        return -1
    subject = text[: found[0].start]
    return pair[0] if _IT.search(subject) or not about.explicit else about.items[0]


def _end(found: Sequence[Degree]) -> tuple[str, int]:
    best = max(found, key=lambda one: (one.degree, one.end))
    return best.scale, best.sign


def _pair(memory: Memory, about: Meant) -> tuple[int, ...]:
    """The two that "is it longer than the other?" is about."""
    if len(about.items) > 1:
        return about.items
    pair = tuple(dict.fromkeys((memory.focus, *about.items)))
    return pair if len(pair) == 2 and memory.focus >= 0 else memory.compared or ()


def _values(text: str, memory: Memory, about: Meant, wants: Sequence[Slot]) -> Query | None:
    """How much several have of something; or one, where `informing` does not know."""
    asks = tuple(asked_scales(text))
    if not asks and about.several and len(about.items) > 1 and _ASKS_WHO.search(text):
        return Query(EACH, about.items)
    if not asks or not _ASKING.search(text):
        return None
    if about.several:
        return Query(VALUES, about.items, scales=asks)
    one = about.items[:1] if about.explicit else (memory.focus,) if memory.focus >= 0 else ()
    if one and set(asks) & set(_ONLY_HERE) and (about.explicit or memory.singled or _IT.search(text)):
        moods = tuple(want for want in wants if want.name in ("mood", "genre"))
        return Query(CHECK if moods else VALUES, one, scales=asks, wants=moods)
    alone = about.explicit or memory.singled or _IT.search(text) or len(memory.last) < 2
    return None if alone else Query(VALUES, memory.last, scales=asks)


def _check(text: str, memory: Memory, about: Meant, wants: Sequence[Slot]) -> Query | None:
    """Whether an item, or each of several, is so."""
    if not wants or not (_WHETHER.search(text) or _ELLIPTIC.search(text)):
        return None
    points = about.explicit or about.several or _IT.search(text) is not None
    if not points and not _ELLIPTIC.search(text):
        return None
    several = about.several or not (about.explicit or memory.singled or _IT.search(text))
    items = about.items if about.explicit or about.several else memory.last if several else (memory.focus,)
    turned = tuple(replace(want, value=_TOO_MUCH.get(want.value, want.value)) for want in wants)
    also = tuple(asked_scales(text)) if _ALSO.search(text) else ()
    return Query(CHECK, tuple(items), wants=turned, scales=also) if items and min(items) >= 0 else None


_ALSO = re.compile(r"\b(?:and|also|plus)\b|[,，;；]|还有|另外|顺便|以及")
"""A question with another in it: "how long is it and is it scary?"."""
_TOO_MUCH = {"lower": "high", "higher": "low"}
"""Whether it is "too hard" asks whether it is hard: only a complaint wants it easier."""

"""What an assistant is asked, and what it answered, looked at on its own thread: a stranger's may answer anything."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from footlight_plugins import Assistant, Heard, Reply, Turn
from footlight_plugins.conversation import ReplyItem, SaidSlot

MOST_ITEMS = 20
"""As many as may be asked for. An assistant may name more than were asked for, to ask which is meant."""
LONGEST_TEXT = 65_536
LARGEST_MEMORY = 1 << 20
"""In bytes of JSON."""


def hear(engine: Assistant, turn: Turn) -> Heard:
    """What the engine makes of a turn.

    Raises
    ------
    ValueError
        When it is not what the contract says; the message names the method and what is wrong. So do all others here.
    """
    heard: Any = engine.hear(turn)
    if not isinstance(heard, Heard):
        raise ValueError(f"`hear` answered {type(heard).__name__}, expected Heard")
    _check_texts("hear", heard.intent, heard.language)
    _check_slots(heard.slots, len(turn.servable))
    if heard.reward is not None and not (_is_number(heard.reward) and -1 <= heard.reward <= 1):
        raise ValueError(f"`hear` answered the reward {heard.reward!r}, expected -1 to 1 or None")
    if heard.mask is not None:
        _check_choice(engine, heard)
    return heard


def reply(engine: Assistant, turn: Turn, heard: Heard, act: int) -> Reply:
    """What the engine answers to a turn."""
    said: Any = engine.reply(turn, heard, act)
    if not isinstance(said, Reply):
        raise ValueError(f"`reply` answered {type(said).__name__}, expected Reply")
    _check_texts("reply", said.act, said.text, said.language, *_list("reply", "notes", said.notes))
    _check_memory(said.memory)
    _check_items(_list("reply", "items", said.items), len(turn.servable))
    return said


def check_declared(engine: Assistant) -> None:
    """Whether the engine says which acts and states there are."""
    acts, observations, policy = getattr(engine, "acts", None), getattr(engine, "observations", None), engine.policy
    named = isinstance(acts, list | tuple) and acts and all(isinstance(act, str) for act in acts)
    if not named or not _is_whole(observations) or observations < 1 or not isinstance(policy, str):  # type: ignore[operator]
        raise ValueError("`acts` must name what it can do, `observations` be a whole number from 1 on, `policy` a name")


def _check_slots(slots: Any, items: int) -> None:
    for slot in _list("hear", "slots", slots):
        if not isinstance(slot, SaidSlot) or not isinstance(slot.wanted, bool):
            raise ValueError("`hear` answered slots that are no SaidSlot each")
        _check_texts("hear", slot.name, slot.value)
        if not _is_whole(slot.item) or not -1 <= slot.item < items:
            raise ValueError(f"`hear` answered a slot about item {slot.item!r}, and there are {items}")


def _check_choice(engine: Assistant, heard: Heard) -> None:
    """Whether an agent can decide as it was declared."""
    mask: Any = heard.mask
    if not (isinstance(mask, np.ndarray) and mask.dtype == np.bool_ and mask.shape == (len(engine.acts),)):
        raise ValueError(f"`hear` answered a mask that has no bool for each of the {len(engine.acts)} acts")
    if not mask.any():
        raise ValueError("`hear` answered a mask that allows nothing")
    if not _is_whole(heard.observation) or not 0 <= heard.observation < engine.observations:
        raise ValueError(f"`hear` answered the observation {heard.observation!r} of {engine.observations}")


def _check_items(items: Iterable[Any], known: int) -> None:
    items = list(items)
    if len(items) > MOST_ITEMS:
        raise ValueError(f"`reply` named {len(items)} items, {MOST_ITEMS} at most")
    for one in items:
        if not isinstance(one, ReplyItem) or not _is_whole(one.item) or not 0 <= one.item < known:
            raise ValueError("`reply` named an item that there is not")
        if not _is_number(one.score):
            raise ValueError(f"`reply` answered the score {one.score!r}")
        _check_texts("reply", one.title, *_list("reply", "reasons", one.reasons))


def _check_memory(memory: Any) -> None:
    try:
        size = len(json.dumps(dict(memory), allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError) as wrong:
        raise ValueError(f"`reply` answered a memory that JSON cannot hold: {wrong}") from wrong
    if size > LARGEST_MEMORY:
        raise ValueError(f"`reply` answered a memory of {size:,} bytes, {LARGEST_MEMORY:,} at most")


def _check_texts(method: str, *texts: Any) -> None:
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"`{method}` answered {type(text).__name__} where text was due")
        if len(text) > LONGEST_TEXT or "\0" in text:
            raise ValueError(f"`{method}` answered a text of more than {LONGEST_TEXT:,} characters, or with NUL in it")
        text.encode()  # half of a surrogate pair cannot cross; what it raises is a ValueError


def _list(method: str, what: str, found: Any) -> list[Any]:
    if not isinstance(found, list | tuple):
        raise ValueError(f"`{method}` answered {what} that are no tuple")
    return list(found)


def _is_whole(value: Any) -> bool:
    return type(value) is int or isinstance(value, np.integer)


def _is_number(value: Any) -> bool:
    return (_is_whole(value) or isinstance(value, float | np.floating)) and math.isfinite(value)

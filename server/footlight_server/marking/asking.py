"""How a stage is asked: on a thread of its own for each call, for so long and no longer, and its answer looked at."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

import numpy as np

from footlight_plugins import Content, PartFailed, Samples
from footlight_plugins.stages import Mark, Nearest, Signed, Verdict

T = TypeVar("T")
log = logging.getLogger(__name__)

LARGEST_BITS = 62
LONGEST_FINGERPRINT = 1_024


class StageFailed(Exception):
    """A stage did something wrong; the message says which and what, and may be answered."""


class StageHung(StageFailed):
    """It did not come back in time, and its thread is left to itself."""


def asked(name: str, seconds: float | None, work: Callable[[], T], right: Callable[[T], bool]) -> T:
    """What the work answers, within so many seconds; None: somebody else sees to that.

    Raises
    ------
    StageFailed
        When it raised, took too long, or answered what is not right. A ValueError, which the contract gives a meaning,
        is the cause.
    """
    done: Future[T] = Future()
    Thread(target=_settle, args=(done, work), name=name, daemon=True).start()
    try:
        answer = done.result(seconds)
    except BaseException as fault:  # a stranger's code may raise anything, sys.exit as well
        if not done.done():
            raise StageHung(f"{name} took more than {seconds:g} s") from None
        if isinstance(fault, PartFailed):
            raise StageFailed(f"{name} {fault.what.partition(':')[0]}") from fault
        if not isinstance(fault, ValueError):
            log.error("%s failed", name, exc_info=fault)
        raise StageFailed(f"{name} raised {type(fault).__name__}") from fault
    try:
        good = right(answer)
    except Exception:
        good = False
    if not good:
        log.error("%s answered %r", name, type(answer).__name__)
        raise StageFailed(f"{name} answered what the contract does not allow")
    return answer


def _settle(done: Future[T], work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as fault:
        done.set_exception(fault)


def is_content(answer: Any) -> bool:
    """Whether it is content with bytes of a type."""
    if not isinstance(answer, Content) or not isinstance(answer.data, bytes):
        return False
    return isinstance(answer.media_type, str) and answer.media_type.isprintable() and len(answer.media_type) <= 256


def is_content_or_none(answer: Any) -> bool:
    """Whether it is content, or None for such that has no place for it."""
    return answer is None or is_content(answer)


def is_signed(answer: Any) -> bool:
    """Whether it is signed content."""
    return isinstance(answer, Signed) and is_content(answer.content) and isinstance(answer.sidecar, bytes)


def is_nearest(answer: Any) -> bool:
    """Whether it names a sample and says how far it is."""
    if not isinstance(answer, Nearest) or not isinstance(answer.name, str) or not isinstance(answer.transform, str):
        return False
    return math.isfinite(answer.distance) and math.isfinite(answer.limit)


def is_fingerprint(answer: Any) -> bool:
    """Whether it is one fingerprint."""
    return bool(answer.dtype == np.uint8 and answer.ndim == 2 and 1 <= answer.size <= LONGEST_FINGERPRINT)


def is_mark_or_none(answer: Any) -> bool:
    """Whether it is a number that a watermark can say, or None."""
    if answer is None:
        return True
    whole = isinstance(answer, Mark) and type(answer.payload) is int and 0 <= answer.payload < 1 << LARGEST_BITS
    return whole and math.isfinite(answer.confidence)


def is_facts(answer: Any) -> bool:
    """Whether it is what was found, by name."""
    json.dumps(dict(answer), allow_nan=False)  # raises for what it cannot hold, and for what is no mapping
    return all(isinstance(name, str) for name in answer)


def is_verdict(answer: Any) -> bool:
    """Whether it is what a signature can say."""
    texts = (answer.state, answer.signer, answer.asset_id, *answer.problems)
    return isinstance(answer, Verdict) and all(isinstance(text, str) for text in texts)


def is_samples_or_none(answer: Any) -> bool:
    """Whether it is samples, or None for a generator that has none to compare."""
    return answer is None or isinstance(answer, Samples)


def is_texts(answer: Any) -> bool:
    """Whether it is texts by language."""
    return is_facts(answer) and all(isinstance(text, str) for text in answer.values())


def is_bits(answer: Any) -> bool:
    """Whether it is how many bits a watermark can have."""
    return type(answer) is int and 1 <= answer <= LARGEST_BITS

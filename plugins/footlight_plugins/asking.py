"""How a stranger's part is asked where the host cannot stand before it: on a thread with a time, its answer looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

from footlight_plugins.options import OptionError
from footlight_plugins.parts import PartFailed, PartUnavailable

T = TypeVar("T")

MAKING_SECONDS = 60.0
"""How long a part may take to be imported and made."""
MOST_HUNG = 3
"""So many threads of one process may hang in a part; then it is not asked until one comes back."""

_hanging: Counter[str] = Counter()
"""How many threads hang, by what the part is called."""


class Questions:
    """Puts questions to one part. Whatever it does wrong is a `PartFailed` that names it and its plug-in."""

    def __init__(self, part: str, plugin: str, bounded: bool = False) -> None:
        """``part`` is its role and name; ``bounded``: somebody else sees to its time, because it has a process."""
        self._part, self._plugin, self._bounded = part, plugin, bounded

    def put(self, method: str, work: Callable[[], T], right: Callable[[T], bool], seconds: float) -> T:
        """What the part answers, when it is right.

        Raises
        ------
        PartFailed
            When it raised, took more than so many seconds, or answered what is not right.
        PartUnavailable, OptionError
            When the work raised it.
        """
        if (hung := _hanging[self._part]) >= MOST_HUNG:
            raise self.failed(f"is not asked any more: {hung} threads hang in it")
        done: Future[T] = Future()
        Thread(target=_settle, args=(done, work), name=self._part, daemon=True).start()
        try:
            answer = done.result(None if self._bounded else seconds)
        except (PartFailed, PartUnavailable, OptionError):
            raise
        except BaseException as fault:  # a stranger's code may raise anything, sys.exit as well
            if not done.done():
                if isinstance(fault, KeyboardInterrupt):  # somebody wants the one who waits to stop
                    raise
                self._count(1)
                done.add_done_callback(lambda _: self._count(-1))
                raise self.failed(f"took more than {seconds:g} s over `{method}`") from None
            raise self.failed(f"raised {type(fault).__name__} in `{method}`: {fault}") from fault
        if not _holds(right, answer):
            raise self.failed(f"answered in `{method}` what the contract does not allow")
        return answer

    def failed(self, what: str) -> PartFailed:
        """That it did something."""
        return PartFailed(self._part, self._plugin, what)

    def _count(self, more: int) -> None:
        _hanging[self._part] += more


def whatever(answer: Any) -> bool:
    """True of every answer: it is looked at later."""
    return True


def _settle(done: Future[T], work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as fault:
        done.set_exception(fault)


def _holds(right: Callable[[T], bool], answer: T) -> bool:
    try:
        return right(answer)
    except Exception:  # it is nothing that could be looked at
        return False

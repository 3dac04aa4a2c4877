"""Event listeners: what is told of everything that was recorded, beside the requests, and may pass it on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from footlight_plugins.data import EventKind
from footlight_plugins.part import Part


@dataclass(frozen=True, slots=True)
class Happening:
    """One recorded event, by the names that its owner uses."""

    position: int
    """Its place in the log; never given again. Places of what was erased are missing."""
    event_id: str
    """Its name; of two with one name there is only one in the log."""
    user: int
    """The person's number. It stays theirs, and is all that `EventListener.forget` tells of them."""
    user_id: str
    """The person's name. Whoever keeps it has to be able to find it again by the number."""
    item_id: str
    """The item's name."""
    kind: EventKind
    """What they did."""
    value: float
    """How much; 1 where nobody said."""
    time: int
    """When, in microseconds since 1970."""
    decision_id: str
    """The recommendation that it followed from; empty where it followed from none."""


class EventListener(Part, ABC):
    """Is told of what was recorded: in the order of the log, at least once, and never while anybody waits for an answer.

    The server keeps the position up to which it was told, and tells it the same again when it raises, hangs, or the server
    dies before that position is written. Of several servers one tells it at a time.

    Example
    -------
    ::

        class Counting(EventListener):
            heard = 0

            def hear(self, happened):
                self.heard += len(happened)

            def forget(self, user):
                "There is nothing to forget."
    """

    seconds: ClassVar[float] = 30.0
    """How long it may take over one call; the operator may say otherwise."""

    @abstractmethod
    def hear(self, happened: Sequence[Happening]) -> None:
        """Take in what was recorded, at least one event. It counts as told once this returns.

        Raises
        ------
        Exception
            Anything: the same is told again after a while.

        Example
        -------
        ::

            class Printing(EventListener):
                def hear(self, happened):
                    for one in happened:
                        logging.info("%s %s %s", one.user_id, one.kind.name, one.item_id)

                def forget(self, user):
                    "The log is somebody else's."
        """

    @abstractmethod
    def forget(self, user: int) -> None:
        """Somebody was erased: take out what was kept of them, by their number. May be told twice, and of strangers.

        What was recorded of them is not told any more; what was told before has to go.

        Example
        -------
        ::

            class Keeping(EventListener):
                def __init__(self, options):
                    super().__init__(options)
                    self.kept = []

                def hear(self, happened):
                    self.kept += happened

                def forget(self, user):
                    self.kept = [one for one in self.kept if one.user != user]
        """

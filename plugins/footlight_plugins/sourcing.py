"""Candidate sources: what puts items into an answer beside the engine that ranks it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from footlight_plugins.data import Events, Query, Ranking
from footlight_plugins.part import Part


class CandidateSource(Part, ABC):
    """Proposes items for answers: where the engine has too few, or for a share of the places if the operator says so.

    It may keep something of what people did lately, its ``window_days``, and nothing else of them: after an erasure, and
    when it failed, the host makes a new one and lets it hear of the window again.

    Example
    -------
    ::

        class MetLast(CandidateSource):
            window_days = 1.0

            def __init__(self, options):
                super().__init__(options)
                self.items = []

            def hear(self, events):
                self.items = [*self.items, *events.item.tolist()][-1_000:]

            def propose(self, query):
                some = [item for item in dict.fromkeys(reversed(self.items)) if query.allows(item)][: query.count]
                return Ranking(np.array(some, np.int32), np.zeros(len(some)), Basis.TRENDING)
    """

    window_days: float = 0.0
    """Of how many days it is to hear what people did; 0: of nothing. Read once, when it was made."""

    def hear(self, events: Events) -> None:
        """Take in what people did: first the window up to now, in pieces, then whatever comes, soon after it was recorded.

        In the order of the log. Does nothing by default.

        Example
        -------
        ::

            class Counting(CandidateSource):
                window_days = 7.0
                heard = 0

                def hear(self, events):
                    self.heard += len(events)

                def propose(self, query):
                    return Ranking.empty()
        """

    @abstractmethod
    def propose(self, query: Query) -> Ranking:
        """Items for one person, best first, with the `Basis` that says why; as `Recommender.recommend` answers.

        ``query.exclude`` holds what is in the answer already and, unless ``query.include_seen``, what the person has met.
        ``query.time`` is when it is asked.

        Example
        -------
        ::

            class LastPut(CandidateSource):
                def propose(self, query):
                    items = [item for item in range(len(query.servable))[::-1] if query.allows(item)][: query.count]
                    return Ranking(np.array(items, np.int32), np.zeros(len(items)), Basis.NEWEST)
        """

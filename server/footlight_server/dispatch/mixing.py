"""Gives a share of the places of an answer to what somebody else proposes: pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from footlight_plugins import Ranking
from footlight_server.dispatch.filling import Found, chosen, joined


def places_of(share: float, count: int) -> int:
    """How many of the first ``count`` places are the source's.

    >>> [places_of(0.2, count) for count in (4, 5, 10)]
    [0, 1, 2]
    """
    return int(share * count + 1e-9)


def mixed(found: Found, proposed: Ranking, share: float, count: int, reasons: int) -> Found:
    """The answer in which each place that completes a whole share goes to what was proposed.

    What is proposed and in the answer already moves to that place, with its own score. A new line has the score of the
    line before it. Where nothing is left of what was proposed, the answer goes on.
    """
    both = joined(found, _but(proposed, found.items), reasons)
    place = {item: i for i, item in enumerate(both.items)}
    turns = list(_turns(found.items, proposed.items.tolist(), share, count))
    answer = chosen(both, np.array([place[item] for item, _ in turns], np.intp))
    own = set(found.items)
    for i, (item, _) in enumerate(turns):
        if item not in own:
            answer.ranking.scores[i] = answer.ranking.scores[i - 1] if i else found.scores[0]
    answer.scores[:] = answer.ranking.scores.tolist()
    return answer


def _turns(own: Sequence[int], proposed: Sequence[int], share: float, count: int) -> Iterator[tuple[int, bool]]:
    """The items of the answer, and whether each was the source's turn; as long as whoever's turn it is has one."""
    taken: set[int] = set()
    theirs, ours = iter(proposed), iter(own)

    def following(items: Iterator[int]) -> int | None:
        item = next((item for item in items if item not in taken), None)
        if item is not None:
            taken.add(item)
        return item

    for i in range(count):
        turn = places_of(share, i + 1) > places_of(share, i)
        item = following(theirs) if turn else None
        if item is None:
            item = following(ours)
        if item is None:
            return
        yield item, turn


def _but(ranking: Ranking, items: Sequence[int]) -> Ranking:
    """A ranking without some items."""
    kept = ~np.isin(ranking.items, np.array(items, np.int32))
    people = None if ranking.people is None else ranking.people[kept]
    return Ranking(ranking.items[kept], ranking.scores[kept], ranking.basis, people=people)

"""Every method of a recommender, the least that each can be: what most people met comes first."""

import numpy as np

from footlight_plugins import Basis, EventKind, Ranking, Recommender, State
from footlight_plugins.data import PREFERENCES


class MostMet(Recommender):
    def __init__(self, options):
        self.latest = {}  # (person, item) -> (time, tie, kind) of the latest preference or retraction
        self.titles = {}

    def fit(self, events, run):
        self.latest = {}
        return {"pairs": float(self.apply(events))}

    def apply(self, events):
        rows = events.take(np.isin(events.kind, (*PREFERENCES, EventKind.RETRACTION)))
        columns = (rows.user, rows.item, rows.time, rows.tie, rows.kind)
        for user, item, *what in zip(*(column.tolist() for column in columns), strict=True):
            self.latest[user, item] = max(self.latest.get((user, item), tuple(what)), tuple(what))
        return len(rows)

    def forget(self, user):
        gone = [pair for pair in self.latest if pair[0] == user]
        for pair in gone:
            del self.latest[pair]
        return len(gone)

    def knows(self, user):
        return any(user == one for one, _ in self._met())

    def recommend(self, query):
        people = np.bincount([item for _, item in self._met()], minlength=1)
        mine = {item for user, item in self._met() if user == query.user and not query.include_seen}
        items = [item for item in range(len(people)) if people[item] and item not in mine and query.allows(item)]
        best = sorted(items, key=lambda item: (-people[item], item))[: query.count]
        return Ranking(np.array(best, np.int32), people[best].astype(np.float64), Basis.POPULAR)

    def recommend_batch(self, queries, call):
        rankings = []
        for query in queries:
            call.check()  # whoever asked may have left
            rankings.append(self.recommend(query))
        return rankings

    def similar(self, item, query):
        fans = {user for user, one in self._met() if one == item}
        shared = np.bincount([one for user, one in self._met() if user in fans], minlength=1)
        others = [one for one in range(len(shared)) if shared[one] and one != item and query.allows(one)]
        best = sorted(others, key=lambda one: (-shared[one], one))[: query.count]
        return Ranking(np.array(best, np.int32), shared[best].astype(np.float64), Basis.BECAUSE_OF_ITEM)

    def predict(self, user, items):
        return np.full(len(items), 3.0)

    def describe(self, contents):
        self.titles.update((content.item, content) for content in contents)

    @property
    def pending(self):
        return 0  # `apply` puts nothing off

    def settle(self):
        pass  # so there is nothing to work off

    def warm_up(self):
        self.knows(0)  # a compiler would be called here

    def state(self):
        rows = [(*pair, *what) for pair, what in sorted(self.latest.items())]
        return State({"rows": np.array(rows, np.int64).reshape(-1, 5)})

    def load(self, state):
        if "rows" not in state.arrays:
            raise ValueError("the state has no array 'rows'")
        self.latest = {(user, item): tuple(what) for user, item, *what in state.arrays["rows"].tolist()}

    def _met(self):
        return [pair for pair, what in self.latest.items() if what[2] != EventKind.RETRACTION]

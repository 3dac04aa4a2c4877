"""Every method of a recommender made of `ScoringRecommender`, each doing a little more than it does anyway: what somebody
was shown often and never took comes later."""

from collections import Counter

import numpy as np

from footlight_plugins import EventKind, ScoringRecommender, State


class NotAgain(ScoringRecommender):
    def __init__(self, options):
        self.shown = Counter()  # (person, item) -> how often
        super().__init__(options)

    def scores(self, query):
        tired = np.array([self.shown[query.user, item] for item in range(len(self.people))])
        return np.where(self.people > 0, self.people / (1.0 + tired), -np.inf)

    def prepare(self):
        self.people = np.bincount(self.kept.item)  # how many met each item

    def of(self, query):
        items, values, times = super().of(query)
        newest = np.argsort(-times, kind="stable")
        return items[newest], values[newest], times[newest]

    def fit(self, events, run):
        self.shown = self._showings(events)
        return {**super().fit(events, run), "showings": float(self.shown.total())}

    def apply(self, events):
        self.shown += self._showings(events)
        return super().apply(events)

    def forget(self, user):
        gone = [pair for pair in self.shown if pair[0] == user]
        for pair in gone:
            del self.shown[pair]
        return super().forget(user) + len(gone)

    def knows(self, user):
        return super().knows(user) or any(user == one for one, _ in self.shown)

    def recommend(self, query):
        ranking = super().recommend(query)
        certain = ranking.scores >= 0.1  # rather fewer than what nobody wants
        return type(ranking)(ranking.items[certain], ranking.scores[certain], ranking.basis)

    def state(self):
        rows = [(*pair, count) for pair, count in sorted(self.shown.items())]
        return State({**super().state().arrays, "shown": np.array(rows, np.int64).reshape(-1, 3)})

    def load(self, state):
        super().load(state)
        if "shown" not in state.arrays or state.arrays["shown"].ndim != 2 or state.arrays["shown"].shape[1] != 3:
            raise ValueError("the state has no array 'shown' of shape (n, 3)")
        self.shown = Counter({(user, item): count for user, item, count in state.arrays["shown"].tolist()})

    def _showings(self, events):
        seen = events.take(events.kind == EventKind.IMPRESSION)
        return Counter(zip(seen.user.tolist(), seen.item.tolist(), strict=True))

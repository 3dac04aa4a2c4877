"""Several recommenders as one, weighted by what they found of likes that were held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.recommend.blend_weights import Examples, learn_weights
from footlight_engines.recommend.members import Member, make_member, prefixed, reciprocal_ranks, scaled, without_prefix
from footlight_engines.recommend.preferences import Preferences, check_arrays
from footlight_engines.recommend.scorer import CatalogueTooLarge, Scorer, Taste, taste_of
from footlight_engines.recommend.warming import exercise
from footlight_plugins import CallEnded, Events, Options, Query, TrainingRun

_LEAST_PEOPLE = 100
"""Weights are learned from so many people or not at all."""
_MOST_PEOPLE = 1_000
_LEAST_LIKES = 5
_NO_MASK = np.empty(0, np.bool_)


class BlendOptions(Options):
    """Who takes part, and how."""

    members: tuple[Member, ...] = Field(
        default=(
            Member(engine="ease"),
            Member(engine="rp3beta", weight=0.3),
            Member(engine="user-knn", weight=0.3),
            Member(engine="sequence", options={"recent": 500, "recency": 0.0, "backward": 1.0}, weight=0.5),
            Member(engine="sequence", weight=0.1),
        ),
        min_length=1,
        max_length=16,
        description="The engines that take part.",
    )
    fusion: Literal["score", "rank"] = Field(
        default="score", description="Whether scores are added up, each engine's on one scale, or reciprocal ranks."
    )
    learn_weights: bool = Field(
        default=True,
        description="Whether training learns the weights from held-out likes; no: they are the members' own.",
    )
    held_out: float = Field(
        default=0.1, gt=0.0, le=0.5, description="Which share of a person's likes is held out to learn the weights."
    )
    held_out_part: Literal["random", "latest"] = Field(
        default="random",
        description="Which likes these are: any, for answers that fit a person as a whole; or the latest, for answers that "
        "tell what comes next.",
    )


class Blend(Scorer):
    """A weighted sum of other engines' scores or reciprocal ranks.

        score_j = sum over members m of weight_m c_mj

    with c_mj the member's score on a scale that all share (see `members.scaled`). Training holds out a share of the likes
    of up to 1,000 people, trains the members on the rest, chooses the weights, and trains the members on everything. The
    weights are part of the model and stay until it is trained again; with them given, answers are as close to those after
    a new training as the members' are. All members share one copy of the preferences.
    """

    options_type: ClassVar[type[Options]] = BlendOptions

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know nothing yet."""
        super().__init__(preferences)
        self._options = BlendOptions.model_validate(options)
        self._members = [make_member(member, self.preferences) for member in self._options.members]
        self._weights = np.array([member.weight for member in self._options.members])
        self._out = np.zeros(len(self._members), np.bool_)  # members for whom the catalogue is too large

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Learn the weights on a part of the log, then train on all of it."""
        figures: dict[str, float] = {}
        self._weights = np.array([member.weight for member in self._options.members])
        if self._options.learn_weights and len(self._members) > 1:
            figures |= self._learn_weights(events, run)
        figures |= super().fit(events, run)
        return figures | {f"weight_{name}": float(w) for name, w in zip(self._names(), self._effective(), strict=True)}

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Train the members; those for whom the catalogue is too large are left out."""
        figures, names = dict[str, float](), self._names()
        for n, member in enumerate(self._members):
            if run.stopping():
                raise CallEnded("the training was stopped")
            try:
                figures |= {f"{names[n]}_{name}": value for name, value in member.learn(run).items()}
                self._out[n] = False
            except CatalogueTooLarge:
                self._out[n] = True
        return figures

    def changing(self, users: NDArray[np.int32], events: NDArray[np.int64]) -> None:
        """Tell the members."""
        for member in self._taking_part():
            member.changing(users, events)

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Tell the members."""
        return sum(member.changed(users, erased) for member in self._taking_part())

    @property
    def pending(self) -> int:
        """How many events the slowest member does not reflect yet."""
        return max((member.pending for member in self._taking_part()), default=0)

    def settle(self) -> None:
        """Let the members work off what they put off."""
        for member in self._taking_part():
            if member.pending:
                member.settle()

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """The weighted sum; -inf where no member says anything."""
        given = self._scores(taste, time)
        size = max((len(scores) for scores in given), default=0)
        total, said = np.zeros(size), np.zeros(size, np.bool_)
        for weight, scores in zip(self._effective(), given, strict=True):
            if weight > 0:
                total += weight * self._contribution(scores, taste, size)
                said[: len(scores)] |= np.isfinite(scores)
        return np.where(said, total, -np.inf)

    def parts(self, taste: Taste, items: NDArray[np.int32], time: int) -> NDArray[np.float64]:
        """What each like adds through all members, shape (items, likes); they add up to the score.

        A member's contribution is divided among the likes in proportion to what they add to the member's own score.
        """
        given = self._scores(taste, time)
        size = max((len(scores) for scores in given), default=0)
        parts = np.zeros((len(items), len(taste.item)))
        for weight, scores, member in zip(self._effective(), given, self._members, strict=True):
            contribution = (
                weight * self._contribution(scores, taste, size)[items] if weight > 0 else np.zeros(len(items))
            )
            said = contribution != 0.0
            added = (
                np.maximum(member.parts(taste, items[said], time), 0.0)
                if said.any()
                else np.zeros((0, len(taste.item)))
            )
            whole = added.sum(axis=1, keepdims=True)
            share = np.divide(added, whole, out=np.full_like(added, 1 / len(taste.item)), where=whole > 0)
            parts[said] += share * contribution[said][:, None]
        return parts

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Blend(self._options))

    def learned(self) -> dict[str, NDArray[Any]]:
        """The weights, who is left out, and what each member has learned."""
        arrays: dict[str, NDArray[Any]] = {"weights": self._weights.copy(), "left_out": self._out.copy()}
        for n, member in enumerate(self._members):
            if not self._out[n]:
                arrays |= prefixed(member.learned(), f"member{n}_")
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what a blend of the same members learned."""
        check_arrays(arrays, {"weights": np.float64, "left_out": np.bool_})
        if len(arrays["weights"]) != len(self._members) or len(arrays["left_out"]) != len(self._members):
            raise ValueError(f"the state must be that of {len(self._members)} members, got {len(arrays['weights'])}")
        self._weights, self._out = np.array(arrays["weights"]), np.array(arrays["left_out"])
        for n, member in enumerate(self._members):
            if not self._out[n]:
                member.restore(without_prefix(arrays, f"member{n}_"))

    def _names(self) -> list[str]:
        """What the figures call the members: their engines, and from the second of an engine on with its number."""
        engines = [member.engine for member in self._options.members]
        earlier = [engines[:n].count(engine) for n, engine in enumerate(engines)]
        return [f"{engine}_{n + 1}" if n else engine for engine, n in zip(engines, earlier, strict=True)]

    def _taking_part(self) -> list[Scorer]:
        return [member for member, out in zip(self._members, self._out, strict=True) if not out]

    def _effective(self) -> NDArray[np.float64]:
        return np.where(self._out, 0.0, self._weights)

    def _scores(self, taste: Taste, time: int) -> list[NDArray[np.float64]]:
        nothing = np.empty(0)
        pairs = zip(self._members, self._effective(), strict=True)
        return [member.score(taste, time) if weight > 0 else nothing for member, weight in pairs]

    def _contribution(self, scores: NDArray[np.float64], taste: Taste, size: int) -> NDArray[np.float64]:
        put = reciprocal_ranks if self._options.fusion == "rank" else scaled
        return put(scores, taste.seen, size)

    def _learn_weights(self, events: Events, run: TrainingRun) -> dict[str, float]:
        self.preferences.replace(events)
        latest = self._options.held_out_part == "latest"
        held_out = held_out_likes(self.preferences, self._options.held_out, run.seed, latest)
        if len(held_out) < _LEAST_PEOPLE:
            return {}
        super().fit(without(events, held_out), run)
        taking_part = np.flatnonzero(~self._out)
        examples = Examples(len(taking_part))
        for user, items in held_out.items():
            if run.stopping():
                raise CallEnded("the training was stopped")
            taste = taste_of(self.preferences, Query(user, 1, _NO_MASK))
            given = [self._members[n].score(taste, 0) for n in taking_part]
            size = max(len(scores) for scores in given)
            parts = np.stack([self._contribution(scores, taste, size) for scores in given])
            examples.add(parts, items, taste.seen[taste.seen < size])
        first = self._weights[taking_part]
        self._weights[taking_part], reached = learn_weights(examples, first)
        return {"held_out_people": float(len(examples)), "held_out_ndcg@50": reached}


def held_out_likes(
    preferences: Preferences, share: float, seed: int, latest: bool = False
) -> dict[int, NDArray[np.int32]]:
    """A share of the likes, at least one, of up to 1,000 people who have five or more: the latest, or drawn by the seed."""
    rng, x = np.random.default_rng(seed), preferences.data
    enough = np.flatnonzero(x.person_length[: preferences.people] >= _LEAST_LIKES)
    chosen = np.sort(rng.permutation(enough)[:_MOST_PEOPLE])
    held_out = {}
    for user in chosen.tolist():
        taste = taste_of(preferences, Query(user, 1, _NO_MASK))
        if len(taste.item) >= _LEAST_LIKES:
            order = np.lexsort((taste.tie, taste.time))[::-1] if latest else rng.permutation(len(taste.item))
            held_out[user] = np.sort(taste.item[order[: max(1, int(share * len(order)))]])
    return held_out


def without(events: Events, pairs: Mapping[int, NDArray[np.int32]]) -> Events:
    """The events of all other pairs of person and item."""
    width = int(events.item.max(initial=0)) + 1
    keys = np.concatenate([items.astype(np.int64) + user * width for user, items in pairs.items()])
    return events.take(~np.isin(events.user.astype(np.int64) * width + events.item, keys))

"""Whether one recommender is better than another: the difference of their figures on the same splits, pair by pair.

Of one split the pairs are people, of several the splits. A paired interval is narrower than the two single ones suggest,
because what is hard for one recommender is hard for the other too.
"""

from __future__ import annotations

from footlight_plugins.evaluation.accuracy import NAMES
from footlight_plugins.evaluation.evaluating import Evaluation
from footlight_plugins.evaluation.intervals import Estimate, over_people, over_seeds

COMPARED = (*NAMES, "rmse", "mae")


def differences(first: Evaluation, second: Evaluation) -> dict[str, Estimate]:
    """The first one's figures minus the second one's, with 95 % confidence intervals.

    Raises
    ------
    ValueError
        When they were not evaluated on the same splits.
    """
    if first.plan != second.plan or first.data != second.data:
        raise ValueError("two evaluations can be compared where plan and data are the same")
    shared = [name for name in first.metrics if name in second.metrics and name.partition("@")[0] in COMPARED]
    if first.people and second.people:
        return {name: over_people(first.people[name] - second.people[name]) for name in shared}
    pairs = {name: zip(first.metrics[name].values, second.metrics[name].values, strict=True) for name in shared}
    return {name: over_seeds([one - other for one, other in values]) for name, values in pairs.items()}

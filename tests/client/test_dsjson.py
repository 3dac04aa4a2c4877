"""Decisions to and from the lines of Vowpal Wabbit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from footlight import Agent, BoxSpace, Candidate, CandidateSpace, DiscreteSpace, LoggedDecision
from footlight.dsjson import Reader, hashed, to_line

FOREIGN = {
    "_label_cost": -1.0,
    "_label_probability": 0.8,
    "_label_Action": 2,
    "EventId": "e1",
    "a": [2, 1],
    "p": [0.8, 0.2],
    "c": {
        "User": {"who": "Tom", "age": 7},
        "_multi": [{"TAction": {"article": "politics"}}, {"TAction": {"article": "sports"}}],
    },
}


def reader(observation: Any, action: Any) -> Reader:
    return Reader(Agent("a", "linucb", 0, 0, {}, 0, 0, observation_space=observation, action_space=action))


def test_a_decision_is_written_as_vowpal_wabbit_reads_it() -> None:
    decision = LoggedDecision("d1", "s", (0.5, -1.0), 1, (0.25, 0.5, 0.25), 2.0, 1, True)
    line = json.loads(to_line(decision))
    assert (line["_label_cost"], line["_label_probability"], line["_label_Action"]) == (-2.0, 0.5, 2)
    assert (line["a"], line["p"], line["EventId"]) == ([2, 1, 3], [0.5, 0.25, 0.25], "d1")


def test_what_was_written_is_read_as_it_was() -> None:
    offered = (Candidate((1.0, 0.0), "drama"), Candidate((0.0, 1.0), "comedy"))
    decision = LoggedDecision("d1", "s", (0.5, -1.0), 1, (0.25, 0.75), 2.0, 1, True, candidates=offered)
    found = reader(BoxSpace([2]), CandidateSpace(2)).read(to_line(decision))
    assert (found.step.observation, found.action, found.propensity, found.final_reward) == ([0.5, -1.0], 1, 0.75, 2.0)
    assert [(list(one.features), one.candidate_id) for one in found.step.candidates] == [
        ([1.0, 0.0], "drama"),
        ([0.0, 1.0], "comedy"),
    ]


def test_a_numbered_observation_keeps_its_number_and_its_mask() -> None:
    decision = LoggedDecision("d1", "s", 3, 6, (0.0, 1.0, 0.0), -1.0, 1, True)
    found = reader(DiscreteSpace(5), DiscreteSpace(3, start=5)).read(to_line(decision, 5))
    assert (found.step.observation, found.action, found.step.mask) == (3, 6, [False, True, False])


def test_the_features_of_a_foreign_log_are_hashed() -> None:
    found = reader(BoxSpace([8]), CandidateSpace(4)).read(json.dumps(FOREIGN))
    assert found.step.observation == hashed({"User": {"who": "Tom", "age": 7}}, 8)
    assert sum(map(abs, found.step.observation)) > 0 and (found.action, found.final_reward) == (1, 1.0)
    assert found.step.candidates[0].features != found.step.candidates[1].features


def test_a_foreign_log_needs_a_box() -> None:
    with pytest.raises(ValueError, match="BoxSpace"):
        reader(DiscreteSpace(3), DiscreteSpace(2)).read(json.dumps(FOREIGN))


@pytest.mark.parametrize(
    "line",
    ["{}", "[]", "nonsense", json.dumps({**FOREIGN, "_label_probability": 0.0}), json.dumps({**FOREIGN, "a": []})],
)
def test_a_line_that_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        reader(BoxSpace([2]), DiscreteSpace(2)).read(line)

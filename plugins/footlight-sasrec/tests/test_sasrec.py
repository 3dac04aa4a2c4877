"""The engine passes the conformance suite, and learns what follows what."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from footlight_sasrec import register_engines
from footlight_sasrec.counts import Counts
from footlight_sasrec.engine import SasRec
from footlight_sasrec.histories import Lived
from footlight_sasrec.options import SasRecOptions

from footlight_plugins import CallEnded, Events, Query, State, TrainingRun
from footlight_plugins.data import History
from footlight_plugins.testing import RecommenderSuite
from footlight_plugins.testing.engine import same_state, training_run
from footlight_plugins.testing.fixtures import PluginRegistry

SMALL = {"width": 16, "blocks": 1, "heads": 1, "length": 10, "epochs": 2, "device": "cpu", "threads": 1}
RING, ROUNDS = 12, 40


class TestSasRec(RecommenderSuite):
    spec, options = register_engines()[0], SMALL


class TestSasRecByGbce(RecommenderSuite):
    spec, options = register_engines()[0], {**SMALL, "loss": "gbce", "negatives": 4}


def ring() -> Events:
    """Everybody walks along a ring of items, from a place of their own on, six steps."""
    steps = np.arange(6)
    users = np.repeat(np.arange(ROUNDS), len(steps))
    items = (np.repeat(np.arange(ROUNDS) * 5, len(steps)) + np.tile(steps, ROUNDS)) % RING
    return Events.of(users, items, time=np.tile(steps * 60_000_000, ROUNDS))


def walked(**options: object) -> SasRec:
    engine = SasRec(SasRecOptions(**{**SMALL, "epochs": 60, "patience": 120, "dropout": 0.0, **options}))
    with training_run() as run:
        engine.fit(ring(), run)
    return engine


@pytest.mark.parametrize("loss", ["softmax", "gbce"])
def test_it_learns_what_follows_what(loss: str) -> None:
    engine = walked(loss=loss, negatives=6, epochs=120)
    right = 0
    for start in range(RING):
        history = History(np.arange(start, start + 3, dtype=np.int32) % RING, np.ones(3), np.arange(3) * 60_000_000)
        right += engine.recommend(Query(-1, 1, np.ones(RING, np.bool_), history=history)).items[0] == (start + 3) % RING
    assert right >= RING - 1


def test_what_is_met_after_the_training_counts_at_once() -> None:
    engine = walked()
    before = engine.recommend(Query(0, 3, np.ones(RING, np.bool_))).items.tolist()
    engine.apply(Events.of([0], [9], time=[10**10]))
    assert engine.recommend(Query(0, 3, np.ones(RING, np.bool_))).items.tolist() != before


def test_a_training_that_was_stopped_goes_on_where_it_was(tmp_path) -> None:  # type: ignore[no-untyped-def]
    options, asked = SasRecOptions(**{**SMALL, "epochs": 6, "dropout": 0.3, "batch_size": 8}), 0

    def stopping() -> bool:
        nonlocal asked
        asked += 1
        return asked == 12  # in the third epoch

    def run(stop: object = lambda: False) -> TrainingRun:
        return TrainingRun(3, tmp_path, lambda fraction, step, metrics: None, stop)  # type: ignore[arg-type]

    cut, whole = SasRec(options), SasRec(options)
    with pytest.raises(CallEnded):
        cut.fit(ring(), run(stopping))
    cut.fit(ring(), run())
    with training_run(3) as fresh:
        whole.fit(ring(), fresh)
    assert same_state(cut.state(), whole.state())


def test_a_seed_of_sixty_four_bits_is_taken() -> None:
    engine = SasRec(SasRecOptions(**SMALL))
    with training_run(2**63 - 1) as run:
        assert engine.fit(ring(), run)["epochs"] == 2


def test_its_options_are_read_without_torch() -> None:
    script = (
        "import sys, json; from footlight_sasrec import register_engines;"
        "from footlight_plugins.factories import resolve_options; found = resolve_options(register_engines()[0]);"
        "print(json.dumps([len(found.model_fields), 'torch' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [len(SasRecOptions.model_fields), False]


def test_the_plugin_loads() -> None:
    registry = PluginRegistry()
    registry.add("footlight_sasrec", name="sasrec")
    assert registry.load(strict=True).plugin_of("sasrec").engines == ("sasrec",)


def test_counts_are_those_of_the_formula() -> None:
    rng, items = np.random.default_rng(4), 7
    people = [Lived(rng.permutation(items)[:n] + 1, np.arange(n)) for n in (2, 5, 7, 1)]
    pairs, met = np.zeros((items, items)), np.full(items, 2.0)
    for one in people:
        met[one.rows - 1] += 1
        for early, late in itertools.combinations(range(len(one.rows)), 2):
            pairs[one.rows[early] - 1, one.rows[late] - 1] += 1 / (late - early)
    root = np.sqrt((pairs + 0.4 * pairs.T) / (met[:, None] ** 0.5 * met[None, :] ** 0.4))
    total = sum(root[row - 1] / place for place, row in enumerate(people[1].rows[::-1], start=1))
    expected = np.log(total / total.max() + 1e-3)
    np.testing.assert_allclose(Counts.of(people, items).read(people[1]), expected, rtol=1e-6)


def test_a_state_with_damaged_counts_is_refused() -> None:
    engine = walked()
    state = engine.state()
    damaged = State({**state.arrays, "counts_item": state.arrays["counts_item"][:-1]}, state.meta)
    with pytest.raises(ValueError, match="must be counts of"):
        SasRec(SasRecOptions(**SMALL)).load(damaged)

"""The engine passes the conformance suite, and learns what follows what."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from footlight_sasrec import register_engines
from footlight_sasrec.counts import Counts, Weights
from footlight_sasrec.course import ROUND, Course, batches
from footlight_sasrec.engine import SasRec
from footlight_sasrec.histories import Lived
from footlight_sasrec.judging import least_good
from footlight_sasrec.losses import Asked, Drawing, chosen_loss, loss_of
from footlight_sasrec.network import counted_up
from footlight_sasrec.options import SasRecOptions
from footlight_sasrec.reading import Places, Reading
from footlight_sasrec.sasrec_training import new_network

from footlight_plugins import CallEnded, Events, Query, State, TrainingRun
from footlight_plugins.data import History
from footlight_plugins.testing import RecommenderSuite
from footlight_plugins.testing.engine import same_state, training_run
from footlight_plugins.testing.fixtures import PluginRegistry

SMALL = {
    "width": 16,
    "blocks": 1,
    "heads": 1,
    "length": 10,
    "epochs": 2,
    "reading_steps": 5,
    "device": "cpu",
    "threads": 1,
}
RING, ROUNDS = 12, 40


class TestSasRec(RecommenderSuite):
    spec, options = register_engines()[0], SMALL


class TestSasRecBySampling(RecommenderSuite):
    spec, options = register_engines()[0], {**SMALL, "loss": "sampled", "negatives": 8}


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


@pytest.mark.parametrize("loss", ["softmax", "sampled", "gbce"])
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


def some_people(items: int, lengths: tuple[int, ...] = (2, 5, 7, 1)) -> list[Lived]:
    rng = np.random.default_rng(4)
    return [Lived(rng.permutation(items)[:n] + 1, np.sort(rng.integers(0, 3_000, n))) for n in lengths]


def slow_reading(people: list[Lived], items: int, history: Lived, weights: Weights) -> np.ndarray:
    pairs, met = np.zeros((items, items)), np.full(items, 2.0)
    for one in people:
        met[one.rows - 1] += 1
        for early, late in itertools.combinations(range(len(one.rows)), 2):
            if late - early <= 30:
                pairs[one.rows[early] - 1, one.rows[late] - 1] += 1 / (late - early)
    root = np.sqrt((pairs + 0.4 * pairs.T) / (met[:, None] ** 0.5 * met[None, :] ** 0.4))
    total = np.zeros(items)
    for place, (row, then) in enumerate(zip(history.rows[::-1][:20], history.seconds[::-1], strict=False)):
        age = int(np.log2(history.seconds[-1] - then + 1))
        total += root[row - 1] * np.exp(weights.place[place] + weights.age[age])
    return weights.power * np.log(total / total.max() + weights.floor)


def some_weights() -> Weights:
    rng = np.random.default_rng(7)
    return Weights(rng.normal(size=20).astype(np.float32), rng.normal(size=32).astype(np.float32), 2.5, 0.01)


def test_counts_are_read_by_the_formula() -> None:
    items, weights = 7, some_weights()
    people = some_people(items)
    found = Counts.of(people, items).read(people[1], weights)
    np.testing.assert_allclose(found, slow_reading(people, items, people[1], weights), rtol=1e-6)


def test_what_the_person_did_is_no_part_of_the_counts_that_the_reading_learns_from() -> None:
    items, end, reading = 60, 21, Reading()
    people = some_people(items, (50, 3, 40, 55))
    with torch.no_grad():
        reading.age.copy_(torch.from_numpy(some_weights().age))
        (found,) = reading(Places(Counts.of(people, items), people[:1], np.array([end]))).numpy()
    expected = slow_reading(people[1:], items, people[0].last(end, end), reading.weights())
    later = people[0].rows[end : end + 30] - 1
    weights = reading.weights()
    sums, slow = (np.exp(one[later] / weights.power) - weights.floor for one in (found, expected))  # up to a factor
    np.testing.assert_allclose(sums / sums.sum(), slow / slow.sum(), atol=1e-4)


def test_what_was_met_is_not_guessed_again() -> None:
    network = new_network(5, SasRecOptions(**SMALL))
    expected = torch.zeros(1, 16)
    asked = Asked(expected, torch.tensor([3]), (torch.tensor([0, 0, 0]), torch.tensor([0, 1, 3])))
    drawing = Drawing.of(torch.ones(5), torch.Generator())
    loss = loss_of(network, asked, SasRecOptions(**SMALL), drawing)
    assert loss.item() == pytest.approx(np.log(2))  # two of five are left, and as likely


def test_drawn_items_stand_for_all_whatever_their_chances() -> None:
    network, options = new_network(30, SasRecOptions(**SMALL)), SasRecOptions(**SMALL, loss="sampled", negatives=10_000)
    asked = Asked(torch.randn(3, 16), torch.tensor([3, 1, 30]), (torch.tensor([0, 0, 2]), torch.tensor([0, 1, 7])))
    drawing = Drawing.of(torch.arange(30) ** 2, torch.Generator().manual_seed(5))
    whole, found = (loss_of(network, asked, one, drawing) for one in (SasRecOptions(**SMALL), options))
    assert found.item() == pytest.approx(whole.item(), rel=0.05)


@pytest.mark.parametrize(("items", "loss"), [(4_096, "softmax"), (4_097, "sampled")])
def test_the_loss_is_chosen_by_the_size_of_the_catalogue(items: int, loss: str) -> None:
    assert chosen_loss(SasRecOptions(), items) == loss
    assert chosen_loss(SasRecOptions(loss="gbce"), items) == "gbce"


def course_of(people: int, options: SasRecOptions) -> Course:
    one = Lived(np.arange(1, 6), np.arange(5))
    return Course([one] * people, 5, options, TrainingRun(0, Path(), lambda *_: None))


def test_short_histories_come_in_larger_batches() -> None:
    course = course_of(300, SasRecOptions(batch_size=16, length=100))  # 4 places a person, 400 a step
    assert max(len(batch) for batch in batches(course.people, course, np.random.default_rng(1))) == 100


def test_an_epoch_of_many_people_is_parted_into_rounds() -> None:
    course = course_of(3 * ROUND, SasRecOptions(epochs=2))
    assert course.rounds == 6 and len(course.drawn(np.random.default_rng(1))) == ROUND


def test_a_training_ends_when_its_time_is_over_within_a_round_and_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Course, "over", property(lambda self: True))
    engine = SasRec(SasRecOptions(**SMALL))
    with training_run() as run:
        figures = engine.fit(ring(), run)
    assert figures["loss"] == 0.0 and "mixed_ndcg@10" in figures


def test_what_attention_learns_of_time_is_what_indexing_would_teach_it() -> None:
    table = torch.randn(2, 32, dtype=torch.float64, requires_grad=True)
    ages = torch.randint(0, 32, (3, 4, 4))
    assert torch.autograd.gradcheck(lambda one: counted_up(one, ages), (table,))


def test_the_network_is_heard_no_more_than_it_has_shown_to_be_worth() -> None:
    sure, doubtful = np.zeros((2, 14, 100))
    sure[8:] = 0.5
    doubtful[8:, 0], doubtful[:8, 1] = 1.0, 0.5  # one person in a hundred gains, another one loses
    assert (least_good(sure) >= 8, least_good(doubtful)) == (True, 0)


def test_a_state_with_damaged_counts_is_refused() -> None:
    engine = walked(epochs=2)
    state = engine.state()
    damaged = State({**state.arrays, "counts_item": state.arrays["counts_item"][:-1]}, state.meta)
    with pytest.raises(ValueError, match="must be counts of"):
        SasRec(SasRecOptions(**SMALL)).load(damaged)

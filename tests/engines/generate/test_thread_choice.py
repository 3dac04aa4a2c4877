"""A training computes on one thread where several wait for each other, and only there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from footlight_engines.generate.thread_choice import AGAIN_SECONDS, LOOK_SECONDS, ThreadChoice
from footlight_engines.generate.threads import computing_threads


class Machine:
    """A clock, and work that takes so many seconds on two threads and on one."""

    def __init__(self) -> None:
        self.now, self.together, self.single, self.tried = 0.0, 0.1, 0.18, 0

    def clock(self) -> float:
        return self.now

    def work(self) -> None:
        self.tried += 1
        self.now += self.single if torch.get_num_threads() == 1 else self.together


@pytest.fixture
def machine() -> Iterator[Machine]:
    with computing_threads(2):
        yield Machine()


def after(machine: Machine, choice: ThreadChoice, seconds: float) -> int:
    machine.now += seconds
    choice.attend()
    return torch.get_num_threads()


def test_all_threads_are_kept_where_they_are_not_much_slower_than_one(machine: Machine) -> None:
    machine.together = 0.25
    choice = ThreadChoice(machine.work, clock=machine.clock)
    assert after(machine, choice, LOOK_SECONDS) == 2 and machine.tried == 4


def test_one_is_taken_where_several_wait_for_each_other_and_all_again_once_they_do_not(machine: Machine) -> None:
    machine.together = 2.0
    choice = ThreadChoice(machine.work, clock=machine.clock)
    assert (after(machine, choice, LOOK_SECONDS), choice.alone) == (1, True)
    machine.together = 0.2
    assert after(machine, choice, AGAIN_SECONDS) == 1
    machine.together = 0.1
    assert (after(machine, choice, AGAIN_SECONDS), choice.alone) == (2, False)


def test_nothing_is_tried_before_it_is_time(machine: Machine) -> None:
    choice = ThreadChoice(machine.work, clock=machine.clock)
    after(machine, choice, LOOK_SECONDS / 2)
    assert machine.tried == 0


def test_a_number_that_somebody_named_is_kept(machine: Machine) -> None:
    machine.together = 2.0
    choice = ThreadChoice(machine.work, named=True, clock=machine.clock)
    assert after(machine, choice, 1_000.0) == 2 and machine.tried == 0

"""Content is made on one thread each, whatever else PyTorch was told."""

from __future__ import annotations

import threading

import torch

from footlight_engines.generate.threads import computing_threads, drawn_side_by_side


def test_each_part_is_drawn_on_one_thread_of_pytorch_and_the_number_is_put_back() -> None:
    with computing_threads(3):
        found = drawn_side_by_side(lambda _: torch.get_num_threads(), range(8), at_once=True)
        assert found == [1] * 8 and torch.get_num_threads() == 3


def test_parts_come_back_in_their_order_and_are_drawn_where_we_are_unless_side_by_side() -> None:
    here = threading.get_ident()
    found = drawn_side_by_side(lambda part: (part, threading.get_ident()), [2, 0, 1], at_once=False)
    assert found == [(2, here), (0, here), (1, here)]

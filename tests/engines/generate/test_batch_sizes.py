"""Batches of other sizes are drawn where they give the same bits, and nowhere else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from footlight_engines.generate.batch_sizes import Sizes, agreeing_sizes
from footlight_engines.generate.plan import Plan

_PLAN = Plan(3, 32, 32, latent=4, base=8)


class _Odd(nn.Module):
    """What it makes differs in batches of some sizes."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.sizes = sizes

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return z + 1e-6 * (len(z) in self.sizes)


@pytest.mark.parametrize(
    ("differing", "expected"),
    [((), Sizes(8, True, 32)), ((1,), Sizes(8, False, 32)), ((32,), Sizes(8, True, 0)), ((8,), Sizes(8, False, 0))],
)
def test_sizes_that_give_other_bits_than_the_usual_one_are_not_drawn(
    differing: tuple[int, ...], expected: Sizes
) -> None:
    assert agreeing_sizes(_Odd(*differing), _PLAN, torch.device("cpu")) == expected


@given(
    count=st.integers(0, 300),
    sizes=st.sampled_from([Sizes(8), Sizes(8, True), Sizes(8, False, 32), Sizes(4, True, 16)]),
    hands=st.integers(1, 8),
)
def test_batches_cover_all_pieces_once_by_sizes_that_agree(count: int, sizes: Sizes, hands: int) -> None:
    batches = list(sizes.batches(count, hands))
    covered = [place for start, size in batches for place in range(start, min(start + size, count))]
    assert covered == list(range(count))
    assert {size for _, size in batches} <= {
        sizes.usual,
        *([1] if sizes.one else []),
        *([sizes.many] if sizes.many else []),
    }

"""The network: what somebody met, in the order of time, goes in; what comes next comes out."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from footlight_sasrec.histories import AGES


class _ByClass(torch.autograd.Function):
    """A table's entry for each class, with a gradient that is counted up: that of indexing takes ten times as long on a
    CPU."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, classes: Tensor) -> Tensor:
        ctx.save_for_backward(classes)
        ctx.classes = table.shape[1]
        return table[:, classes].transpose(0, 1)  # (H, C) and (B, L, L) give (B, H, L, L)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (classes,), (gradient,) = ctx.saved_tensors, gradients
        sums = [torch.bincount(classes.flatten(), one.flatten(), ctx.classes) for one in gradient.unbind(1)]
        return torch.stack(sums).to(gradient.dtype), None


def counted_up(table: Tensor, classes: Tensor) -> Tensor:
    """The entries of a table of shape (H, C) for classes of shape (B, L, L): shape (B, H, L, L)."""
    found: Tensor = _ByClass.apply(table, classes)  # type: ignore[no-untyped-call]
    return found


class SelfAttention(nn.Module):
    """Items before or at a place tell it what they mean for it; how long ago they were counts, in places and in time."""

    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.heads = heads
        self.mixed = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.by_place = nn.Parameter(torch.zeros(heads, length))
        self.by_age = nn.Parameter(torch.zeros(heads, AGES))

    def forward(self, x: Tensor, ages: Tensor) -> Tensor:
        batch, places, width = x.shape  # (B, L, D)
        split = self.mixed(x).view(batch, places, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
        seen = functional.scaled_dot_product_attention(query, key, value, self.bias(ages))
        told: Tensor = self.out(seen.transpose(1, 2).reshape(batch, places, width))  # (B, L, D)
        return told

    def bias(self, ages: Tensor) -> Tensor:
        """What is added to the logits of attention, shape (B, H, L, L): -inf for what comes later."""
        places = torch.arange(ages.shape[1], device=ages.device)
        gaps = places[:, None] - places[None, :]  # (L, L)
        near = self.by_place[:, gaps.clamp(min=0)].masked_fill(gaps < 0, -math.inf)  # (H, L, L)
        if ages.is_cuda:  # there the sums of what is counted up would depend on chance
            return near + self.by_age[:, ages].transpose(0, 1)
        return near + counted_up(self.by_age, ages)


class Block(nn.Module):
    """Attention and a layer for each place, both with a way around (Vaswani et al. 2017), normalised before."""

    def __init__(self, width: int, heads: int, length: int, dropout: float) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, length)
        self.between = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, ages: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.before(x), ages))
        wide = functional.gelu(self.inner(self.between(x)))  # (B, L, 4 D)
        changed: Tensor = x + self.dropout(self.outer(wide))  # (B, L, D)
        return changed


class Network(nn.Module):
    """SASRec (Kang and McAuley 2018) with biases of attention by place and by time instead of embeddings of places."""

    def __init__(self, items: int, width: int, blocks: int, heads: int, length: int, dropout: float) -> None:
        super().__init__()
        self.items = nn.Embedding(items + 1, width, padding_idx=0)  # 0 fills up what is short
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, length, dropout) for _ in range(blocks))
        self.last = nn.LayerNorm(width)
        self.liked = nn.Parameter(torch.zeros(items))  # what is met more often, whatever came before
        nn.init.normal_(self.items.weight, std=width**-0.5)
        nn.init.zeros_(self.items.weight[0])

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        """What each place expects next, shape (B, L, D), of item numbers from 1 on and times in seconds, both (B, L)."""
        x = self.dropout(self.items(rows) * self.items.embedding_dim**0.5)  # (B, L, D)
        ages = age_classes(times)  # (B, L, L)
        for block in self.blocks:
            x = block(x, ages)
        expected: Tensor = self.last(x)
        return expected

    def logits(self, expected: Tensor) -> Tensor:
        """How much is to be said for each item, shape (..., items)."""
        return functional.linear(expected, self.items.weight[1:], self.liked)


def age_classes(times: Tensor) -> Tensor:
    """The class of the time between each two places, shape (B, L, L): 0 for none, then one more each time it doubles."""
    between = (times[:, :, None] - times[:, None, :]).clamp(min=0)
    classes = torch.log2(between + 1.0).long()
    return classes.clamp(max=AGES - 1)

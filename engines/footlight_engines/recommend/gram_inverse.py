"""The inverse Gram matrix of who likes what, followed history by history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import grams
from footlight_engines.kernels.dense_scores import sum_of_rows
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.spd_inverse import invert

_BUFFER = 192
"""Room for so many rank-one changes that are not in the matrix yet."""
_FULL_ENOUGH = 64
"""From so many on they are worked into the matrix: one product of matrices instead of many passes over it."""
_STRIP = 64
"""So many rows of the matrix take them in at a time: a few milliseconds for the largest catalogue."""

Columns = NDArray[np.int32]


class GramInverse:
    """P = (X^T X + l2 I)^-1 for the n items that anybody has liked, in float64.

    A history x that becomes y changes X^T X by y y^T - x x^T. For several at once, with K = [y ..., x ...] and
    C = diag(1 ..., -1 ...), Woodbury's identity says

        P' = P - P K (C^-1 + K^T P K)^-1 K^T P.

    The eigenvectors of the small matrix turn that into P' = P + sum_r s_r v_r v_r^T. The v_r stay beside the matrix and
    are read along with it, at n numbers each, until there are enough of them to be worked in.
    """

    def __init__(self, l2: float, most: int) -> None:
        """Begin with no items; more than so many are not taken."""
        self._l2 = l2
        self._most = most
        self._column = np.full(0, -1, np.int32)
        self._rank: int = 0  # vectors in the buffer
        self._flushing: int = 0  # so many of them are being worked in
        self._next_row: int = 0  # the rows before this one have taken them in
        self._take(np.zeros((0, 0)), np.empty(0, np.int32))

    @property
    def items(self) -> NDArray[np.int32]:
        """The item of each column, shape (n,)."""
        return self._items[: self._n]

    @property
    def diagonal(self) -> NDArray[np.float64]:
        """The diagonal of P, shape (n,)."""
        return self._diagonal[: self._n]

    @property
    def extent(self) -> int:
        """The first ordinal from which on no item has a column."""
        return len(self._column)

    def has_columns(self, items: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of the items have a column."""
        return np.isin(items, self.items)

    def columns(self, items: NDArray[np.int32]) -> Columns:
        """The columns of those of the items that have one."""
        columns = self._column[items[items < len(self._column)]]
        return columns[columns >= 0]

    def sum_of_rows(self, columns: Columns) -> NDArray[np.float64]:
        """P x for an x that is 1 in some columns, shape (n,)."""
        total = np.zeros(self._n)
        sum_of_rows(self._base, columns, total)
        if self._rank:
            total += self._weights(columns) @ self._v[: self._rank, : self._n]
        return total

    def block(self, rows: Columns, columns: Columns) -> NDArray[np.float64]:
        """P at some rows and columns, shape (rows, columns)."""
        weights = np.stack([self._weights(rows[r : r + 1]) for r in range(len(rows))]) if len(rows) else 0.0
        return np.asarray(self._base[np.ix_(rows, columns)] + weights @ self._v[: self._rank, columns])

    def factorise(self, preferences: Preferences) -> None:
        """Compute P anew: X^T X on all cores, then its inverse."""
        fans = preferences.data.fans[: preferences.items]
        items = np.flatnonzero(fans > 0)[: self._most].astype(np.int32)
        matrix = np.zeros((len(items), len(items)))
        self._name_columns(items)
        _fill_gram(preferences, items, self._column, matrix)
        matrix[np.diag_indices(len(items))] += self._l2
        invert(matrix)
        self._take(matrix, items)

    def load(self, matrix: NDArray[np.float64], items: NDArray[np.int32]) -> None:
        """Take over what `flushed` and `items` gave."""
        self._name_columns(items)
        self._take(matrix, items)

    def flushed(self) -> NDArray[np.float64]:
        """P as one matrix, shape (n, n)."""
        while self._rank:
            self.flush_strip()
        return self._base[: self._n, : self._n]

    @property
    def wants_flush(self) -> bool:
        """Whether there is enough in the buffer to be worked in, or that has begun."""
        return bool(self._flushing > 0 or self._rank >= _FULL_ENOUGH)

    def exchange(self, gone: Sequence[NDArray[np.int32]], come: Sequence[NDArray[np.int32]]) -> int:
        """Take histories out and put others in, each an array of items, at most 64 in all; return entries touched."""
        for items in come:
            self._open(items)
        pairs = [(self.columns(items), sign) for some, sign in ((come, 1.0), (gone, -1.0)) for items in some]
        pairs = [(columns, sign) for columns, sign in pairs if len(columns)]
        if not pairs:
            return 0
        while self._rank + len(pairs) > _BUFFER:
            self.flush_strip()
        y = np.stack([self.sum_of_rows(columns) for columns, _ in pairs])  # K^T P: (k, n)
        small = np.stack([y[:, columns].sum(axis=1) for columns, _ in pairs])  # K^T P K: (k, k)
        small[np.diag_indices(len(pairs))] += [sign for _, sign in pairs]  # C is its own inverse
        values, vectors = np.linalg.eigh((small + small.T) / 2)
        self._append(vectors.T @ y, -1.0 / values)
        return y.size

    def flush_strip(self) -> None:
        """Work what is in the buffer into the next rows of the matrix."""
        if not self._flushing:
            self._flushing, self._next_row = self._rank, 0
        first, last = self._next_row, min(self._next_row + _STRIP, self._n)
        v, s = self._v[: self._flushing, : self._n], self._s[: self._flushing]
        self._base[first:last, : self._n] += (v[:, first:last].T * s) @ v
        self._next_row = last
        if last == self._n:
            left = self._rank - self._flushing
            self._v[:left] = self._v[self._flushing : self._rank].copy()
            self._s[:left] = self._s[self._flushing : self._rank].copy()
            self._rank, self._flushing, self._next_row = left, 0, 0

    def residual(self, preferences: Preferences, seed: int) -> float:
        """How far P is off: the largest entry of P (X^T X + l2 I) z - z for a z of random signs."""
        z = np.random.default_rng(seed).choice([-1.0, 1.0], self._n)
        product = self._l2 * z
        column = _padded(self._column, len(preferences.data.item_start))
        grams.gram_times(preferences.data, column, preferences.people, z, product)
        v = self._v[: self._rank, : self._n]
        begun = (np.arange(self._n) < self._next_row)[None, :] & (np.arange(self._rank) < self._flushing)[:, None]
        back = self._base[: self._n, : self._n] @ product
        back += np.where(begun, 0.0, v).T @ (self._s[: self._rank] * (v @ product))
        return float(np.abs(back - z).max(initial=0.0))

    def _take(self, matrix: NDArray[np.float64], items: NDArray[np.int32]) -> None:
        self._n = len(items)
        self._items = np.array(items, np.int32)
        self._base = matrix
        self._diagonal = matrix.diagonal().copy()
        self._v, self._s = np.zeros((_BUFFER, self._n)), np.zeros(_BUFFER)
        self._rank = self._flushing = self._next_row = 0

    def _weights(self, columns: Columns) -> NDArray[np.float64]:
        """What each vector in the buffer counts in the sum of some rows; those that a row has taken in count no more."""
        if self._flushing:
            begun = self._v[: self._flushing, columns[columns >= self._next_row]].sum(axis=1)
            rest = self._v[self._flushing : self._rank, columns].sum(axis=1)
            return np.concatenate([begun, rest]) * self._s[: self._rank]
        return np.asarray(self._v[: self._rank, columns].sum(axis=1) * self._s[: self._rank])

    def _append(self, v: NDArray[np.float64], s: NDArray[np.float64]) -> None:
        end = self._rank + len(s)
        self._v[self._rank : end, : self._n], self._s[self._rank : end] = v, s
        self._diagonal[: self._n] += s @ (v * v)
        self._rank = end

    def _name_columns(self, items: NDArray[np.int32]) -> None:
        self._column = np.full(int(items.max(initial=-1)) + 1, -1, np.int32)
        self._column[items] = np.arange(len(items))

    def _open(self, items: NDArray[np.int32]) -> None:
        """Give a column to the items that have none, as long as there may be more: P is 1 / l2 there, and 0 beside it."""
        if not len(items):
            return
        if (short := int(items.max()) + 1 - len(self._column)) > 0:
            self._column = np.concatenate([self._column, np.full(short + short // 2, -1, np.int32)])
        new = items[self._column[items] < 0][: self._most - self._n]
        if not len(new):
            return
        if self._n + len(new) > len(self._base):
            self._grow(min(self._n + len(new) + self._n // 8 + 16, self._most))
        self._column[new] = np.arange(self._n, self._n + len(new))
        self._items[self._n : self._n + len(new)] = new
        self._n += len(new)

    def _grow(self, room: int) -> None:
        base, v = np.zeros((room, room)), np.zeros((_BUFFER, room))
        base[np.diag_indices(room)] = 1.0 / self._l2
        base[: self._n, : self._n] = self._base[: self._n, : self._n]
        v[:, : self._n] = self._v[:, : self._n]
        spare = np.full(room - self._n, 1.0 / self._l2)
        self._base, self._v = base, v
        self._diagonal = np.concatenate([self._diagonal[: self._n], spare])
        self._items = np.concatenate([self._items[: self._n], np.zeros(room - self._n, np.int32)])


def _fill_gram(
    preferences: Preferences, items: NDArray[np.int32], column: NDArray[np.int32], matrix: NDArray[np.float64]
) -> None:
    """Put X^T X into a matrix of zeros, its rows in chunks, with one thread a core."""
    n, x = len(items), preferences.data
    column = _padded(column, len(x.item_start))
    edges = np.linspace(0, n, min(n, 64) + 1).astype(int).tolist()
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        for _ in pool.map(
            lambda at: grams.add_gram_rows(x, items, column, edges[at], edges[at + 1], matrix), range(len(edges) - 1)
        ):
            pass
    grams.mirror(matrix, 0, n)


def _padded(column: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """The columns of at least so many items, -1 for those that have none."""
    return np.concatenate([column, np.full(max(size - len(column), 0), -1, np.int32)])

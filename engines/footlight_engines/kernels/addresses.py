"""Arrays that a kernel takes by their addresses.

Unpacking an array argument costs a compiled function a fifth of a microsecond. Where a query takes ten of them and reads
from a dozen arrays that stay where they are from query to query, one array of addresses is handed over instead. Whoever
makes that array must keep the others alive, and make it anew when one of them is replaced.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic, overload
from numpy.typing import NDArray


def addresses(arrays: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Shape (n, 3): the address of each array and its shape, 1 for a second axis that it does not have.

    Raises
    ------
    ValueError
        When an array is not contiguous, or has more than two axes.
    """
    if any(not array.flags.c_contiguous or not 1 <= array.ndim <= 2 for array in arrays):
        raise ValueError("the arrays must be contiguous and have one or two axes")
    return np.array([(array.ctypes.data, *array.shape, 1)[:3] for array in arrays], np.int64)


def vector(table: NDArray[np.int64], row: int, dtype: Any) -> Any:
    """The one-dimensional array at a row of the table, as its own memory; for compiled functions."""
    return _memory(table[row, 0], table[row, 1], dtype)


def matrix(table: NDArray[np.int64], row: int, dtype: Any) -> Any:
    """The two-dimensional array at a row of the table, as its own memory; for compiled functions."""
    return _memory(table[row, 0], table[row, 1] * table[row, 2], dtype).reshape(table[row, 1], table[row, 2])


def _memory(address: int, size: int, dtype: Any) -> NDArray[Any]:
    bytes_there = (ctypes.c_char * (int(size) * np.dtype(dtype).itemsize)).from_address(int(address))
    return np.frombuffer(bytes_there, dtype)


def _as_pointer(typing_context: Any, address: Any) -> Any:
    """An integer as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


_pointer: Any = intrinsic(_as_pointer)


@overload(vector, strict=False)
def _compiled_vector(table: Any, row: Any, dtype: Any) -> Any:
    return lambda table, row, dtype: carray(_pointer(table[row, 0]), (table[row, 1],), dtype)


@overload(matrix, strict=False)
def _compiled_matrix(table: Any, row: Any, dtype: Any) -> Any:
    return lambda table, row, dtype: carray(_pointer(table[row, 0]), (table[row, 1], table[row, 2]), dtype)

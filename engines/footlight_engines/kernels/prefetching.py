"""Asks the processor for memory ahead of its use, where the processor cannot guess what comes next.

A sum over rows that lie anywhere in memory waits for the beginning of each; with a request a few rows ahead it does not
(Mowry, Lam & Gupta 1992). Without the compiler this does nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

_READ, _KEEP, _DATA = 0, 3, 1
"""What LLVM is told of the access: it reads, all caches should keep the line, and the line is data."""


def prefetch(array: NDArray[Any], at: np.uint64) -> None:
    """Ask for the cache line of ``array[at]``, a place that may lie beyond the end."""


def _as_prefetch(typing_context: Any, array: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        word, pointer = ir.IntType(32), ir.PointerType(ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        insert: Any = cgutils.get_or_insert_function
        function = insert(builder.module, kind, "llvm.prefetch.p0")
        place = builder.bitcast(builder.gep(data, [arguments[1]]), pointer)
        builder.call(function, [place, word(_READ), word(_KEEP), word(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.uint64), generate


_prefetch: Any = intrinsic(_as_prefetch)


@overload(prefetch, strict=False)
def _compiled_prefetch(array: Any, at: Any) -> Any:
    return lambda array, at: _prefetch(array, at)

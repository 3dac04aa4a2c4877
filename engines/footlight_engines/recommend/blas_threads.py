"""How many threads the library below numpy multiplies matrices with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[Any]:
    """Multiply matrices on the calling thread alone.

    A product of a millisecond is not worth waking others for: where the cores have other work to do, the threads of
    the library spin and wait for each other, and the product takes ten times as long.
    """
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    np.eye(2) @ np.eye(2)  # the library is loaded by now, so it is found
    return ThreadpoolController()

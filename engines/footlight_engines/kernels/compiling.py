"""How kernels are compiled: those that Python calls, and the parts that they are made of.

Numba puts a wrapper around whatever it compiles, which takes a Python call's arguments apart. For a record of many arrays it
takes longer to compile than most functions do, so only what Python calls has one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.extending import register_jitable

_F = TypeVar("_F", bound=Callable[..., Any])
_njit: Any = njit  # its types leave some options out


def kernel(*signature: str, allocates: bool = True, **options: Any) -> Callable[[_F], _F]:
    """Compile a function that Python calls: at its first call, or at once where it has a signature. The code is kept.

    Parameters
    ----------
    allocates
        Whether it makes arrays. If not, nobody counts who uses those that it is given, which is less to compile.
    options
        Of Numba's `njit`, such as ``fastmath``. The GIL is let go of unless they say otherwise.
    """
    chosen = {"nogil": True, "no_cfunc_wrapper": True, "_nrt": allocates} | options
    compiled: Callable[[_F], _F] = _njit(*signature, cache=True, **chosen)
    return compiled


def part(**options: Any) -> Callable[[_F], _F]:
    """Let kernels call a function: it is compiled with each that does, with ``error_model`` and ``fastmath`` like theirs
    unless ``options`` say otherwise. Called from Python it runs as Python.
    """
    compiled: Callable[[_F], _F] = register_jitable(no_cfunc_wrapper=True, **options)
    return compiled

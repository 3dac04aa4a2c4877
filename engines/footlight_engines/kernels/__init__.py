"""Numba kernels, one family a file. Pure functions of arrays; each has a slow, obvious oracle in tests/kernels/."""

from footlight_engines.kernels.stale_code import forget_stale_code

forget_stale_code()

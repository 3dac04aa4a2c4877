"""Numba kernels, one family a file. Pure functions of arrays; each has a slow, obvious oracle in tests/kernels/."""

"""Other views of the same content."""

from __future__ import annotations

import torch


def dihedral(content: torch.Tensor, symmetry: torch.Tensor) -> torch.Tensor:
    """Turn and mirror each piece of content, as a map seen from above allows.

    Parameters
    ----------
    content
        Shape (B, ..., S, S).
    symmetry
        Shape (B,), 0 to 7: quarter turns in the low two bits, then a mirror.
    """
    turned = torch.empty_like(content)
    for which in range(8):
        rows = symmetry == which
        view = torch.rot90(content[rows], which % 4, (-2, -1))  # (b, ..., S, S)
        turned[rows] = view.flip(-1) if which >= 4 else view
    return turned

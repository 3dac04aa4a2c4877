"""How far generated samples are from real ones that were never trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def kernel_distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, over the values themselves.

    It is the formula of KID (Binkowski et al. 2018, "Demystifying MMD GANs", section 4) without its Inception features,
    so it sees brightness, layout and spread, and little of texture. Around 0 when both come from one distribution;
    being unbiased it may fall below. Read it beside the distance of real samples to real samples.

    Parameters
    ----------
    first, second
        Shapes (n, ...) and (m, ...), n and m at least 2, the rest equal.
    """
    x, y = first.reshape(len(first), -1).astype(np.float64), second.reshape(len(second), -1).astype(np.float64)
    n, m, d = len(x), len(y), x.shape[1]
    xx, yy, xy = (x @ x.T / d + 1) ** 3, (y @ y.T / d + 1) ** 3, (x @ y.T / d + 1) ** 3
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())

"""The LinUCB policy for many situations at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.exploration import mix_greedy
from footlight_engines.kernels.linear_models import predict
from footlight_engines.kernels.tabular import draw


@kernel("(f8[::1], f8[::1], f8, f8[::1])")
def upper_bounds(
    mean: NDArray[np.float64], variance: NDArray[np.float64], width: float, score: NDArray[np.float64]
) -> None:
    """score = mean + width sqrt(variance), shape (actions,) each; Li et al. (2010), equation 5."""
    for a in range(len(mean)):
        score[a] = mean[a] + width * np.sqrt(variance[a])


@kernel(
    "Tuple((i8[::1], f8[:,::1], f8[:,::1]))(f8[:,:,::1], f8[:,::1], f8[:,::1], i8[::1], i8, f8, f8, b1[:,::1], f8,"
    " f8[::1], b1[::1], f8[::1])"
)
def linucb_rows(
    covariance: NDArray[np.float64],
    weights: NDArray[np.float64],
    x: NDArray[np.float64],
    last: NDArray[np.int64],
    now: int,
    discount: float,
    ridge: float,
    mask: NDArray[np.bool_],
    width: float,
    epsilon: NDArray[np.float64],
    exploit: NDArray[np.bool_],
    uniform: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Choose in n situations, one model an action.

    Parameters
    ----------
    covariance, weights, last, now, discount, ridge
        As in `predict`.
    x, mask
        Shapes (n, m) and (n, actions).
    width, epsilon, exploit, uniform
        The width of the bound; per situation, shape (n,): the share of random moves, whether the bound and the random moves
        are left out, and the number that draws the action.

    Returns
    -------
    The actions (n,), the distributions and the expected rewards, (n, actions) each.
    """
    n, actions = mask.shape
    chosen, distribution, values = np.empty(n, np.int64), np.empty((n, actions)), np.empty((n, actions))
    variance, score = np.empty(actions), np.empty(actions)
    for i in range(n):
        predict(covariance, weights, x[i : i + 1], last, now, discount, ridge, values[i], variance)
        upper_bounds(values[i], variance, 0.0 if exploit[i] else width, score)
        mix_greedy(score, mask[i], epsilon[i], distribution[i])
        chosen[i] = draw(distribution[i], uniform[i])
    return chosen, distribution, values

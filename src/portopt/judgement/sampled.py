"""How far means and covariances of a few series would be off had the history gone another way.

A book's figures rest on the book's own series of returns, so a few series of T numbers say what n x n matrices would: each draw
of the stationary bootstrap gives their means and covariances again, all from the same days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.canonical import digest
from portopt.judgement.bootstrap import block_length, resamples

FEWEST_PERIODS = 20
FEWEST_BLOCKS = 10  # a history of fewer blocks than this says nothing of its own variance
CELLS = 400_000  # drawn positions of all histories together, so that a long history is drawn less often
MOST_DRAWS, FEWEST_DRAWS = 1000, 200
SEED_LETTERS = 12  # 48 bits: a program that holds every number as a double reads such a seed whole


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Means (k,) and covariances (k, k) of k series of one period, of the history and (B, k), (B, k, k) of B that were drawn.

    block: mean length of what was kept together. seed: from the series themselves, so that equal returns give equal draws.
    """

    mean: Vector
    covariance: Matrix
    means: Matrix
    covariances: Matrix
    periods: int
    block: float
    draws: int
    seed: int


def sampled(R: Matrix, of_mean: Vector | None = None, of_covariance: Vector | None = None) -> Sampled:
    """The stationary bootstrap of k series R (T, k) on the same days, missing returns none.

    of_mean, of_covariance: (T,) what each period counts in a mean and in a covariance, each adding to one; None is equally.
    The block is the longest that Politis and White find for any series or its squares: a volatility depends on the latter.
    Source: Politis and Romano (1994).
    """
    T, k = R.shape
    block = block_of(R)
    draws = draws_of(T)
    seed = int(digest(R)[:SEED_LETTERS], 16)
    equally = np.full(T, 1.0 / T)
    a, c = (equally if weights is None else weights for weights in (of_mean, of_covariance))
    center = a @ R
    D = R - center  # products of small numbers: a covariance is not the difference of two large ones
    Y = np.concatenate([D, (D[:, :, None] * D[:, None, :]).reshape(T, k * k)], axis=1)
    means, seconds = [], []
    for rows in resamples(T, block, draws, seed):
        counts = _counts(rows, a, T)
        means.append(center + counts @ D)
        seconds.append((counts if of_mean is of_covariance else _counts(rows, c, T)) @ Y)
    own = _covariances((c @ Y)[None, :], k)[0]
    return Sampled(center, own, np.concatenate(means), _covariances(np.concatenate(seconds), k), T, block, draws, seed)


def draws_of(T: int) -> int:
    """How many histories of T periods are drawn: a counted work, the same on every machine."""
    return max(FEWEST_DRAWS, min(MOST_DRAWS, CELLS // T))


def block_of(R: Matrix) -> float:
    """The longest of the automatic blocks of the series (T, k) and their squares, short enough for FEWEST_BLOCKS blocks."""
    T = len(R)
    longest = max(block_length(x) for series in R.T for x in (series, (series - series.mean()) ** 2))
    return max(1.0, min(longest, T / FEWEST_BLOCKS))


def _counts(rows: Indices, weights: Vector, T: int) -> Matrix:
    """(B, T) what each period of the history counts in each drawn one, whose t-th period counts weights[t]."""
    B = len(rows)
    at = rows + (np.arange(B) * T)[:, None]
    return np.asarray(np.bincount(at.ravel(), weights=np.tile(weights, B), minlength=B * T).reshape(B, T), dtype=np.float64)


def _covariances(seconds: Matrix, k: int) -> Matrix:
    """(B, k, k) from the means of the series and of their products (B, k + k^2)."""
    m = seconds[:, :k]
    return np.asarray(seconds[:, k:].reshape(-1, k, k) - m[:, :, None] * m[:, None, :])


def normal_quantile(confidence: float) -> float:
    """How many standard errors on either side hold the truth with this probability, of a normal error."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2.0))


def luck_quantile(confidence: float, assets: int) -> float:
    """The same for a portfolio that was chosen among all of so many assets by looking at this very history.

        sqrt(chi2_k(confidence)),  k = assets: the error of any combination of k means stays within so many of its own
        standard errors, with this probability for all combinations at once

    Source: Scheffé (1953), A method for judging all contrasts in the analysis of variance.
    """
    from scipy.special import chdtri

    return math.sqrt(float(chdtri(max(assets, 1), 1.0 - confidence)))


def spread(values: Vector) -> float:
    """The standard error of what was drawn (B,)."""
    return math.sqrt(float(np.mean((values - values.mean()) ** 2)))

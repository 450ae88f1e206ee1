"""The stationary bootstrap: histories that might have been, with the dependence through time of the one there was."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue

AT_ONCE = 2_000_000  # numbers in memory together


@dataclass(frozen=True, slots=True)
class Band:
    """Where a statistic may lie, by resampling. block: mean length of what was kept together."""

    estimate: float
    low: float
    high: float
    confidence: float
    block: float
    draws: int
    seed: int


def band(
    r: Vector,
    statistic: Callable[[Matrix], Vector],
    *,
    draws: int = 2000,
    confidence: float = 0.95,
    seed: int = 1,
    block: float | None = None,
) -> Band:
    """The percentile band of a statistic of returns r (T,).

    Args:
        statistic: (B, T) histories, one a row, to (B,) values. block: None for the automatic length.
    Source: Politis and Romano (1994).
    """
    length = block_length(r) if block is None else block
    values = np.sort(np.concatenate([statistic(r[rows]) for rows in resamples(len(r), length, draws, seed)]))
    out = (1.0 - confidence) / 2.0
    low, high = (float(x) for x in np.quantile(values, [out, 1.0 - out]))
    return Band(float(statistic(r[None, :])[0]), low, high, confidence, length, draws, seed)


def resamples(T: int, block: float, draws: int, seed: int) -> list[npt.NDArray[np.intp]]:
    """`draws` rows of T positions in a history of T that joins its end to its start, in chunks (b, T).

    A position follows the one before it, or, with probability 1 / block, begins anew anywhere.
    """
    if not block >= 1.0:
        raise InvalidValue("block", block, "a block is at least one period long")
    rng = np.random.default_rng(seed)
    size = max(1, AT_ONCE // T)
    return [_indices(rng, min(size, draws - at), T, block) for at in range(0, draws, size)]


def _indices(rng: np.random.Generator, draws: int, T: int, block: float) -> Indices:
    fresh = rng.random((draws, T)) < 1.0 / block
    fresh[:, 0] = True
    starts = np.floor(rng.random((draws, T)) * T).astype(np.intp)
    positions = np.arange(T)
    began = np.maximum.accumulate(np.where(fresh, positions, 0), axis=1)
    return (np.take_along_axis(starts, began, axis=1) + positions - began) % T


def block_length(r: Vector) -> float:
    """The mean block of the stationary bootstrap that serves the mean of r (T,) best, from its autocorrelations.

    At least 1, at most min(3 sqrt(T), T/3). Raises DataError for fewer than eight returns; 1 where they do not vary.
    Source: Politis and White (2004), as corrected by Patton, Politis and White (2009).
    """
    T = len(r)
    if T < 8:
        raise DataError(f"{T} returns are too few to be resampled; at least 8", field="returns")
    d = r - r.mean()
    if not float(d @ d) > 0.0:
        return 1.0
    keep = max(5, math.ceil(math.sqrt(math.log10(T))))
    longest = math.ceil(math.sqrt(T)) + keep
    gamma = np.array([float(d[k:] @ d[: T - k]) / T for k in range(min(longest, T - 1) + 1)])
    m = min(2 * _last_of_note(gamma, T, keep), longest, len(gamma) - 1)
    k = np.arange(-m, m + 1)
    flat_top = np.minimum(1.0, 2.0 * (1.0 - np.abs(k) / m)) if m else np.ones(1)
    G = float(np.sum(flat_top * np.abs(k) * gamma[np.abs(k)]))
    spectrum = float(np.sum(flat_top * gamma[np.abs(k)]))
    if spectrum <= 0.0:
        return 1.0
    b = abs(G / spectrum) ** (2.0 / 3.0) * T ** (1.0 / 3.0)
    return float(min(max(b, 1.0), math.ceil(min(3.0 * math.sqrt(T), T / 3.0))))


def _last_of_note(gamma: Vector, T: int, keep: int) -> int:
    """The first lag of `keep` in a row whose autocorrelation is no more than chance; the last of note where there are none.

    The first of those lags, not the one before it: as in the authors' own program.
    """
    chance = 2.0 * math.sqrt(math.log10(T) / T)
    of_note = np.abs(gamma[1:] / gamma[0]) >= chance
    for lag in range(len(of_note) - keep + 1):
        if not of_note[lag : lag + keep].any():
            return lag + 1
    return int(np.flatnonzero(of_note)[-1]) + 1

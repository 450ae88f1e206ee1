"""Two strategies over the same days: whether one was better by more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.judgement.bootstrap import block_length
from portopt.judgement.long_run import automatic_lag, long_run_covariance
from portopt.judgement.moments import deviation

FEWEST_BLOCKS = 10
AT_ONCE = 500_000  # blocks in memory together


@dataclass(frozen=True, slots=True)
class PairTest:
    """first less second, annual. Errors and p-values (two-sided) allow for dependence through time; None: not defined.

    sharpe_*: Ledoit and Wolf's test of the difference of Sharpe ratios. mean_*: of the difference of mean returns.
    """

    sharpe_difference: float | None
    sharpe_error: float | None
    sharpe_p_value: float | None
    mean_difference: float
    mean_error: float
    mean_p_value: float
    periods: int
    block: int
    draws: int
    seed: int


def compare(
    first: Vector,
    second: Vector,
    *,
    periods_per_year: float = 252.0,
    draws: int = 2000,
    seed: int = 1,
    block: int | None = None,
) -> PairTest:
    """Excess returns of two strategies (T,) on the same days. block: None for the automatic length.

    Raises DataError for unequal lengths or fewer than twenty returns.
    """
    if first.shape != second.shape or len(first) < 20:
        said = f"a paired test needs twenty returns or more on the same days: there are {len(first)} and {len(second)}"
        raise DataError(said, field="returns")
    year, b = periods_per_year, _block(first, second) if block is None else block
    mean, mean_error, mean_p = mean_difference(first, second)
    delta, error, p = sharpe_difference(first, second, b, draws, seed)
    root = math.sqrt(year)
    return PairTest(
        None if delta is None else delta * root,
        None if error is None else error * root,
        p,
        mean * year,
        mean_error * year,
        mean_p,
        len(first),
        b,
        draws,
        seed,
    )


def mean_difference(first: Vector, second: Vector) -> tuple[float, float, float]:
    """(mean, standard error, two-sided p-value) of first less second, both (T,), of one period.

    The ratio of Diebold and Mariano (1995) with returns for losses, corrected for few observations as Harvey, Leybourne and
    Newbold (1997) do, against Student's t with T - 1 degrees of freedom.
    """
    d, T = first - second, len(first)
    if not deviation(d):
        return float(d.mean()), 0.0, 1.0 if abs(float(d.mean())) <= 1e-15 else 0.0
    L = automatic_lag(T)
    h = L + 1
    error = math.sqrt(float(long_run_covariance(d[:, None], L)[0, 0]) / T)
    error /= math.sqrt((T + 1 - 2 * h + h * (h - 1) / T) / T)
    return float(d.mean()), error, _student(float(d.mean()) / error, T - 1)


def sharpe_difference(
    first: Vector, second: Vector, block: int, draws: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    """(difference, standard error, two-sided p-value) of the Sharpe ratios of one period of two series (T,).

    The error is by the delta method on the long-run covariance of (r1, r2, r1^2, r2^2); the p-value by the studentized
    circular block bootstrap. Source: Ledoit and Wolf (2008), Robust performance hypothesis testing with the Sharpe ratio.
    """
    if not (deviation(first) and deviation(second)):
        return None, None, None
    Y = np.column_stack([first, second, first**2, second**2])
    means = Y.mean(axis=0)
    delta = float(_delta(means[None, :])[0])
    g = _gradient(means[None, :])[0]
    variance = float(g @ long_run_covariance(Y) @ g) / len(Y)
    if variance <= 1e-24:
        return delta, 0.0, 1.0 if abs(delta) <= 1e-12 else 0.0
    error = math.sqrt(variance)
    moved = _studentized(Y, delta, block, draws, np.random.default_rng(seed))
    return delta, error, float((1 + np.sum(moved >= abs(delta) / error)) / (draws + 1))


def _studentized(Y: Matrix, delta: float, b: int, draws: int, rng: np.random.Generator) -> Vector:
    """(draws,) |difference - delta| over its own error, of histories of blocks of b rows that are joined end to start."""
    T, blocks = len(Y), len(Y) // b
    running = np.concatenate([np.zeros((1, 4)), np.cumsum(np.concatenate([Y, Y[: b - 1]]), axis=0)])
    of_block = (running[b:] - running[:-b]) / b
    out, size = [], max(1, AT_ONCE // blocks)
    for at in range(0, draws, size):
        starts = np.floor(rng.random((min(size, draws - at), blocks)) * T).astype(np.intp)
        out.append(_one_chunk(of_block[starts], delta, b))
    return np.concatenate(out)


def _one_chunk(chosen: Matrix, delta: float, b: int) -> Vector:
    """(D,) of histories by the means of their blocks (D, l, 4)."""
    means = chosen.mean(axis=1)
    along = np.einsum("dlk,dk->dl", chosen - means[:, None, :], _gradient(means))
    variance = np.mean(along**2, axis=1) / chosen.shape[1]
    moved = np.abs(_delta(means) - delta)
    return np.asarray(np.divide(moved, np.sqrt(variance), out=np.full(len(moved), np.inf), where=variance > 0.0))


def _delta(m: Matrix) -> Vector:
    s1, s2 = np.sqrt(m[:, 2] - m[:, 0] ** 2), np.sqrt(m[:, 3] - m[:, 1] ** 2)
    return np.asarray(m[:, 0] / s1 - m[:, 1] / s2)


def _gradient(m: Matrix) -> Matrix:
    """(B, 4) of the difference by the four means (B, 4)."""
    c1, c2 = (m[:, 2] - m[:, 0] ** 2) ** 1.5, (m[:, 3] - m[:, 1] ** 2) ** 1.5
    return np.column_stack([m[:, 2] / c1, -m[:, 3] / c2, -m[:, 0] / (2.0 * c1), m[:, 1] / (2.0 * c2)])


def _block(first: Vector, second: Vector) -> int:
    """The longest of the automatic lengths of the returns and their squares, and blocks enough to draw from."""
    longest = max(block_length(x) for x in (first, second, first**2, second**2))
    return max(1, min(math.ceil(longest), len(first) // FEWEST_BLOCKS))


def _student(statistic: float, freedom: int) -> float:
    from scipy.special import stdtr

    return float(2.0 * stdtr(freedom, -abs(statistic)))

"""How often the best of many strategies on one half of the data is below the middle on the other half."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.moments import NO_DEVIATION

MOST_BLOCKS = 18  # 48,620 halves; the count grows fourfold with every two blocks more
AT_ONCE = 4096  # halves in memory together


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """probability: share of the halves whose best strategy was at or below the median of the other half (PBO).

    logits: (C,) log(omega / (1 - omega)) of the best one's relative rank omega out of sample. inside, outside: (C,) its
    Sharpe ratio on either half, of one period. chosen: (C,) which column it was. slope: of outside on inside; below zero the
    better it looked the worse it did. loss: share of the halves outside which it lost.
    """

    probability: float
    strategies: int
    blocks: int
    logits: Vector
    inside: Vector
    outside: Vector
    chosen: tuple[int, ...]
    slope: float | None
    loss: float


def overfitting(R: Matrix, blocks: int = 16) -> Overfitting:
    """Combinatorially symmetric cross-validation of the choice by Sharpe ratio among the columns of R.

    The rows are cut into `blocks` parts that follow each other (as equal as can be); each half of them is once what the
    choice sees, and the rest is what it is held against. Where two are equally good inside, the first is chosen; equal ranks
    outside are shared.

    Args:
        R: (T, N) excess returns of N >= 2 strategies over the same periods. blocks: even.
    Raises:
        InvalidValue: blocks that are odd, too many, or hold fewer than two returns. DataError: a return that is missing.
    Source: Bailey, Borwein, López de Prado and Zhu (2015), The probability of backtest overfitting.
    """
    if R.ndim != 2 or R.shape[1] < 2:
        raise DataError("overfitting is measured over two strategies or more", field="returns")
    _check(R, blocks)
    N = R.shape[1]
    sums = block_sums(R, blocks)
    inside, outside, logits = [], [], []
    chosen: list[int] = []
    for seen in _seen(blocks):
        SI, SO = (_ratios(mask, *sums) for mask in (seen, ~seen))
        best = np.argmax(SI, axis=1)
        rows = np.arange(len(best))
        of_best = SO[rows, best]
        bar = of_best[:, None]
        below, same = np.sum(bar > SO, axis=1), np.sum(bar == SO, axis=1)
        omega = (below + (same + 1) / 2.0) / (N + 1.0)
        logits.append(np.log(omega / (1.0 - omega)))
        inside.append(SI[rows, best])
        outside.append(of_best)
        chosen.extend(int(n) for n in best)
    found, I, O = np.concatenate(logits), np.concatenate(inside), np.concatenate(outside)
    return Overfitting(
        float(np.mean(found <= 0.0)), N, blocks, found, I, O, tuple(chosen), _slope(I, O), float(np.mean(O < 0.0))
    )


def halves(R: Matrix, blocks: int) -> Matrix:
    """(C, N) Sharpe ratio of each column of R (T, N) over every half of its blocks. Raises as `overfitting` does."""
    _check(R, blocks)
    sums = block_sums(R, blocks)
    return np.concatenate([_ratios(seen, *sums) for seen in _seen(blocks)])


def _seen(blocks: int) -> Iterator[Mask]:
    """(c, S) which blocks are in each half, some thousand halves at a time."""
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    for at in range(0, len(chosen), AT_ONCE):
        seen = np.zeros((len(chosen[at : at + AT_ONCE]), blocks), dtype=bool)
        np.put_along_axis(seen, chosen[at : at + AT_ONCE], True, axis=1)
        yield seen


def block_sums(R: Matrix, blocks: int) -> tuple[Vector, Vector, Matrix, Matrix]:
    """Rows of each block (S,); mean of each column (N,); sums by block of the returns less that mean, and of squares (S, N).

    The mean comes off first: squares of what is left lose no digits.
    """
    parts = np.array_split(np.arange(len(R)), blocks)
    shift = R.mean(axis=0)
    D = R - shift
    S1 = np.stack([D[part].sum(axis=0) for part in parts])
    S2 = np.stack([(D[part] ** 2).sum(axis=0) for part in parts])
    return np.array([float(len(part)) for part in parts]), shift, S1, S2


def _ratios(seen: Mask, sizes: Vector, shift: Vector, S1: Matrix, S2: Matrix) -> Matrix:
    """(C, N) Sharpe ratio of every column over the blocks that each row of `seen` (C, S) names.

    Block after block in their order, never by a matrix product: two columns that are equal stay so to the last bit.
    """
    total = np.zeros((len(seen), S1.shape[1]))
    squares, count = np.zeros_like(total), np.zeros((len(seen), 1))
    for s in range(len(sizes)):
        use = seen[:, s : s + 1]
        total += use * S1[s]
        squares += use * S2[s]
        count += use * sizes[s]
    variance = (squares - total**2 / count) / (count - 1.0)
    mean = shift + total / count
    flat = variance <= (NO_DEVIATION * np.abs(mean)) ** 2
    return np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance)))


def _slope(inside: Vector, outside: Vector) -> float | None:
    d = inside - inside.mean()
    spread = float(d @ d)
    return float(d @ outside / spread) if spread > 0.0 else None


def _check(R: Matrix, blocks: int) -> None:
    if not np.isfinite(R).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(R))[0])
        raise DataError(f"return {row + 1} of strategy {column + 1} is missing", field="returns")
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS or len(R) < 2 * blocks:
        most = min(MOST_BLOCKS, len(R) // 4 * 2)
        why = f"must be even, from 2 to {MOST_BLOCKS}, with two of the {len(R)} returns in each"
        raise InvalidValue("blocks", blocks, why, fix=f"use {most}" if most >= 2 else None)

"""How often luck alone makes the best of many look as good: the trials resampled together, all of them without skill."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.judgement.bootstrap import block_length, resamples
from portopt.judgement.moments import NO_DEVIATION

DRAWS, SEED = 1000, 1
UPPER = 1.645  # standard errors to the upper end of a count of draws, at 95 %


@dataclass(frozen=True, slots=True, eq=False)
class ByLuck:
    """Best scores (draws,) that trials without skill come to, ascending; none where there is a single one. trials: how many.

    A score is a Sharpe ratio over its standard error: about normal for a single trial.
    """

    scores: Vector
    trials: int
    block: float

    def probability(self, score: float, unseen: int = 0) -> float:
        """That the best of the trials, and of others that are not at hand, scores this much without skill.

            p = 1 - (1 - p_seen) Phi(score)^unseen
            p_seen = q + 1.645 sqrt(q (1 - q) / draws),    q = (1 + #{scores >= score}) / (1 + draws)

        The upper end of what so many draws can tell, and at least 1 - Phi(score), which a single trial has. Those unseen count
        as independent of everything: with the dependence that trials of one idea have, luck does no better.
        """
        above = 0.5 * math.erfc(score / math.sqrt(2.0))
        if self.trials == 1:
            seen = above
        else:
            draws = len(self.scores)
            q = (1.0 + draws - int(np.searchsorted(self.scores, score, side="left"))) / (1.0 + draws)
            seen = min(1.0, max(above, q + UPPER * math.sqrt(q * (1.0 - q) / draws)))
        return float(1.0 - (1.0 - seen) * (1.0 - above) ** unseen)


def by_luck(others: Matrix, judged: Vector, *, draws: int = DRAWS, seed: int = SEED) -> ByLuck:
    """What the best score of `judged` (T,) and of the columns of `others` (T, N), excess returns, comes to without skill.

    Every column less its mean, resampled in blocks of days, the same days of all (stationary bootstrap): the dependence between
    the trials and through time stays, the skill goes. Of each draw the ratios, over the error that their skewness and kurtosis
    give them, are put into their own spread over the draws; the largest counts. The block's mean length is that of `judged`, in
    whole days.

    Columns that do not vary, or that lose beyond chance (a score below -sqrt(2 log log T)), could not be the best, and are
    left out: many bad variants do not raise the bar for a good one.

    Source: White (2000), A reality check for data snooping; Hansen (2005), A test for superior predictive ability; Romano and
    Wolf (2005), Stepwise multiple testing, for the studentized form.
    """
    T, block = len(judged), float(math.ceil(block_length(judged)))
    X = np.column_stack([_contenders(others), judged])
    if X.shape[1] == 1:
        return ByLuck(np.empty(0), 1, block)
    X = X - X.mean(axis=0)
    Z = X / X.std(axis=0)
    squares = Z * Z
    g3, g4 = (squares * Z).mean(axis=0), (squares * squares).mean(axis=0)
    sr = np.concatenate([_ratios_of(counts, Z, squares) for counts in drawn(T, block, draws, seed)])
    score = sr / np.sqrt(np.maximum(1.0 - g3 * sr + (g4 - 1.0) / 4.0 * sr**2, NO_DEVIATION))
    score /= np.sqrt((score**2).mean(axis=0))
    return ByLuck(np.sort(score.max(axis=1)), X.shape[1], block)


def _contenders(R: Matrix) -> Matrix:
    """The columns that could be the best by luck."""
    T, sigma = len(R), R.std(axis=0)
    varies = sigma > NO_DEVIATION * np.abs(R).max(axis=0)
    score = np.divide(R.mean(axis=0), sigma, out=np.zeros(R.shape[1]), where=varies) * math.sqrt(T)
    return R[:, varies & (score >= -math.sqrt(2.0 * math.log(math.log(T))))]


def drawn(T: int, block: float, draws: int, seed: int) -> list[Matrix]:
    """How often each of T days is in each draw, (b, T) each, a part of the draws after the other."""
    found = []
    for rows in resamples(T, block, draws, seed):
        b = len(rows)
        at = (np.arange(b)[:, None] * T + rows).ravel()
        found.append(np.bincount(at, minlength=b * T).reshape(b, T).astype(np.float64))
    return found


def _ratios_of(counts: Matrix, Z: Matrix, squares: Matrix) -> Matrix:
    """(b, N) Sharpe ratios of the resampled columns of Z, which have mean 0 and these squares."""
    T = len(Z)
    mean = counts @ Z / T
    variance = np.maximum(counts @ squares / T - mean**2, NO_DEVIATION)
    return np.asarray(mean / np.sqrt(variance))

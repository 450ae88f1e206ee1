"""The probability of backtest overfitting: a naive loop over the definition, and strategies of which the answer is known."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.overfitting import overfitting


def naive(R: np.ndarray, blocks: int) -> list[tuple[int, float]]:
    """(chosen, logit) by the definition alone: rows put together, mean over deviation, ranks by sorting."""
    parts = np.array_split(np.arange(len(R)), blocks)
    out = []
    for half in combinations(range(blocks), blocks // 2):
        seen = np.concatenate([parts[s] for s in half])
        rest = np.concatenate([parts[s] for s in range(blocks) if s not in half])
        inside = [R[seen, n].mean() / R[seen, n].std(ddof=1) for n in range(R.shape[1])]
        outside = [R[rest, n].mean() / R[rest, n].std(ddof=1) for n in range(R.shape[1])]
        best = max(range(len(inside)), key=lambda n: inside[n])
        rank = sorted(outside).index(outside[best]) + 1
        omega = rank / (R.shape[1] + 1)
        out.append((best, math.log(omega / (1.0 - omega))))
    return out


def naive_sums(R: np.ndarray, blocks: int) -> list[float]:
    """Ratio outside of the best inside, one half and one strategy after the other, by sums over blocks."""
    shift = R.mean(axis=0)
    D = R - shift
    parts = np.array_split(np.arange(len(R)), blocks)
    out = []
    for half in combinations(range(blocks), blocks // 2):
        ratios = []
        for chosen in (half, tuple(s for s in range(blocks) if s not in half)):
            row = []
            for n in range(R.shape[1]):
                total = squares = count = 0.0
                for s in chosen:
                    total += D[parts[s]].sum(axis=0)[n]
                    squares += (D[parts[s]] ** 2).sum(axis=0)[n]
                    count += float(len(parts[s]))
                row.append((shift[n] + total / count) / np.sqrt((squares - total**2 / count) / (count - 1.0)))
            ratios.append(row)
        out.append(ratios[1][int(np.argmax(ratios[0]))])
    return out


@pytest.mark.parametrize(("rows", "strategies", "blocks"), [(120, 7, 6), (131, 20, 8), (64, 2, 4)])
def test_it_is_the_naive_loop_over_its_definition(rows: int, strategies: int, blocks: int) -> None:
    R = np.random.default_rng(rows).standard_normal((rows, strategies)) * 0.01
    found = overfitting(R, blocks)
    expected = naive(R, blocks)
    assert list(found.chosen) == [best for best, _ in expected]
    assert found.logits.tolist() == pytest.approx([logit for _, logit in expected], rel=1e-14)
    assert found.probability == np.mean([logit <= 0.0 for _, logit in expected])


def test_it_is_a_naive_loop_over_blocks_to_the_last_bit() -> None:
    R = np.random.default_rng(4).standard_normal((97, 9)) * 0.01 + 0.0003
    assert overfitting(R, 6).outside.tolist() == naive_sums(R, 6)


def test_strategies_without_skill_are_overfitted_half_of_the_time() -> None:
    rng = np.random.default_rng(11)
    found = [overfitting(rng.standard_normal((240, 20)), 8).probability for _ in range(150)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)


def test_one_strategy_that_is_truly_better_is_found_on_either_half() -> None:
    R = 0.01 * np.random.default_rng(2).standard_normal((1000, 30))
    R[:, 17] += 0.004
    found = overfitting(R)
    assert (found.probability, found.loss, set(found.chosen)) == (0.0, 0.0, {17})


def test_a_strategy_that_wins_on_each_half_by_losing_on_the_other_is_found_out() -> None:
    """Row 31: each column gains in one block and loses in all others, so what is best inside is worst outside."""
    R = np.full((80, 8), -0.01) + 0.001 * np.random.default_rng(1).standard_normal((80, 8))
    for k in range(8):
        R[10 * k : 10 * k + 10, k] += 0.1
    found = overfitting(R, 8)
    assert found.probability == 1.0
    assert found.loss == 1.0
    # All columns are alike, so the best inside has its gain there and none outside.
    assert (found.outside < found.inside).all()


def test_two_columns_that_are_the_same_share_their_rank() -> None:
    R = np.random.default_rng(6).standard_normal((60, 1))
    found = overfitting(np.hstack([R, R, R]), 4)
    assert found.logits.tolist() == [0.0] * 6
    assert set(found.chosen) == {0}


def test_cash_among_the_strategies_has_a_ratio_of_zero() -> None:
    R = np.column_stack([np.zeros(40), np.random.default_rng(8).standard_normal(40) - 3.0])
    found = overfitting(R, 4)
    assert set(found.chosen) == {0}
    assert found.outside.tolist() == [0.0] * 6


def test_what_cannot_be_cut_is_refused() -> None:
    R = np.zeros((40, 3))
    with pytest.raises(InvalidValue, match="must be even"):
        overfitting(R, 5)
    with pytest.raises(InvalidValue, match="two of the 40 returns in each"):
        overfitting(R, 24)
    with pytest.raises(DataError, match="two strategies or more"):
        overfitting(R[:, :1], 4)
    R[3, 2] = np.nan
    with pytest.raises(DataError, match="return 4 of strategy 3"):
        overfitting(R, 4)

"""Rows 9 to 11, 13, 14 and 31: how a choice is tested on what it has not seen."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.errors import DataError
from portopt.judgement.overfitting import overfitting
from portopt.judgement.sharpe import deflated_sharpe, ratios, sharpe_moments
from portopt.judgement.splits import combinatorial_splits, walk_forward_splits
from portopt.simulation.decide import PipelineDecider
from portopt.simulation.frontier_walk import frontier_forward
from portopt.simulation.history import Known
from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, all_of, judged
from portopt.simulation.strategies import Decided, Held

SEARCHES, VARIANTS, PERIODS = 40, 50, 240
TURNOVER = 0.2


def purging_leaves_the_tests_whole() -> Outcome:
    T, ends = 60, np.minimum(np.arange(60) + 4, 59)
    splits = walk_forward_splits(T, 20, 7, ends=ends, embargo=2)
    tested = np.concatenate([s.test for s in splits])
    shortened = [20 - len(s.train) for s in splits]
    return all_of(
        [
            ("the tests tile what is after the first training window", np.array_equal(tested, np.arange(20, T))),
            ("training is what loses rows", all(lost > 0 for lost in shortened)),
        ],
        f"{len(splits)} tests tile rows 20 to {T - 1}; training lost {min(shortened)} to {max(shortened)} rows",
    )


def no_training_label_meets_a_test() -> Outcome:
    rng, met, splits = np.random.default_rng(5), 0, 0
    for _ in range(50):
        T = int(rng.integers(30, 80))
        ends = np.minimum(np.arange(T) + rng.integers(0, 6, T), T - 1)
        for split in combinatorial_splits(T, 6, 2, ends=ends, embargo=0).splits:
            splits += 1
            spans = [set(range(i, int(ends[i]) + 1)) for i in split.test]
            needed = set().union(*spans)
            met += any(needed & set(range(i, int(ends[i]) + 1)) for i in split.train)
    return judged(met == 0, f"{met} of {splits} splits with a training label that meets a test label, labels of random length")


def fold_indices_are_those_by_hand() -> Outcome:
    """Six rows in three groups, labels of their own row, an embargo of one row behind each test."""
    found = {s.groups: s.train.tolist() for s in combinatorial_splits(6, 3, 1, embargo=1).splits}
    by_hand = {(0,): [3, 4, 5], (1,): [0, 1, 5], (2,): [0, 1, 2, 3]}
    return judged(found == by_hand, f"training rows {found}")


def frontier_keeps_the_turnover_limit() -> Outcome:
    h = made.history(made.drawn(120, 4, 9))
    limits = {"long_only": True, "cash": {"max": 0.05}, "max_turnover": TURNOVER}
    asked = made.request(h, policy=made.policy(limits), rebalance=["every 15"], delay=0)
    worst, decisions = 0.0, 0
    for run in frontier_forward(asked, h, 3):
        carried = [d for d in run.decisions if d.status != "failed"][1:]
        decisions += len(carried)
        worst = max([worst, *(d.turnover for d in carried)])
    return judged(
        decisions > 10 and worst <= TURNOVER + 1e-9, f"at most {worst:.4%} of {TURNOVER:.0%} over {decisions} decisions"
    )


def one_failure_leaves_the_next_as_it_is() -> Outcome:
    h = made.history(made.drawn(140, 3, 4))
    asked = made.request(h, rebalance=["every 10"], policy=made.policy())
    seen: list[Held] = []

    class Killed:
        def decide(self, known: Known, held: Held) -> Decided:
            seen.append(held)
            if len(seen) == 7:
                raise DataError("the seventh is killed", field="made")
            return PipelineDecider(asked).decide(known, held)

    run = made.walk(h, Killed(), rebalance=asked.rebalance, policy=asked.policy).run
    seventh = run.decisions[6]
    return all_of(
        [
            ("it is failed", seventh.status == "failed"),
            ("the eighth starts from the book after the sixth", np.array_equal(seen[7].units, seen[6].units)),
            (
                "the one before is its last target",
                np.array_equal(np.asarray(seen[7].target), np.asarray(run.decisions[5].weights)),
            ),
            ("it is said with its date", any(str(h.dates[seventh.day]) in w for w in run.warnings)),
        ],
        next(iter(run.warnings), "no warning"),
    )


def _naive_overfitting(R: Matrix, blocks: int) -> float:
    """The definition, word by word, with numpy's own mean and deviation."""
    parts, below = np.array_split(np.arange(len(R)), blocks), []
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[b] for b in half])
        outside = np.concatenate([parts[b] for b in range(blocks) if b not in half])
        sharpe = [R[rows].mean(axis=0) / R[rows].std(axis=0, ddof=1) for rows in (inside, outside)]
        best = int(np.argmax(sharpe[0]))
        below.append(np.mean(sharpe[1] < sharpe[1][best]) + 0.5 / R.shape[1] <= 0.5)
    return float(np.mean(below))


def overfitting_of_noise_is_a_coin() -> Outcome:
    rng, found, deflated, apart = np.random.default_rng(31), [], [], 0.0
    for k in range(SEARCHES):
        R: Any = 0.01 * rng.standard_normal((PERIODS, VARIANTS))
        p = overfitting(R, 8).probability
        if k < 5:
            apart = max(apart, abs(p - _naive_overfitting(R, 8)))
        found.append(p)
        best = int(np.argmax(ratios(R)))
        deflated.append(deflated_sharpe(sharpe_moments(R[:, best]), VARIANTS, float(ratios(R).var(ddof=1))))
    pbo, dsr = float(np.mean(found)), float(np.mean(deflated))
    return all_of(
        [
            ("a second implementation agrees", apart <= 0.03),
            ("PBO near one half", abs(pbo - 0.5) < 0.1),
            ("deflated Sharpe near one half", abs(dsr - 0.5) < 0.1),
        ],
        f"best of {VARIANTS} noise strategies, {SEARCHES} searches: mean PBO {pbo:.3f}, mean deflated Sharpe {dsr:.3f}, "
        f"{apart:.3f} from a naive PBO",
    )

"""Policies side by side on one history, with what every policy should be held against."""

from __future__ import annotations

from portopt.judgement.walked import Compared
from portopt.questions.through_time.comparison import Comparison
from portopt.simulation.comparison import compared

PAIRED_DRAWS = 2000


def compare(asked: Comparison, *, draws: int = PAIRED_DRAWS) -> Compared:
    """Net and gross, and paired tests of each against each other and against 1/N, least variance, benchmark, doing nothing."""
    seed = asked.base.request.seed
    return compared(asked.requests, asked.history, path=asked.base.path, draws=draws, seed=seed, deciders=asked.deciders)

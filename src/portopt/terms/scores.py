"""Scores of the assets as the terms count them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Problem


def esg_scores(p: Problem) -> Vector:
    """(n,) scores, NaN for cash and for what nobody scored. Raises MissingInput where nothing is scored."""
    scores = p.universe.scores("esg_score")
    scores[p.universe.is_cash] = np.nan
    if np.isnan(scores).all():
        raise MissingInput(
            "no asset has an ESG score",
            field="universe.esg_score",
            measured={"assets": p.n, "with_esg_score": 0},
            fixes=["add a column esg_score to the holdings or universe file", "leave ESG out of the objective and the limits"],
        )
    return scores


def neutral_scores(p: Problem) -> Vector:
    """(n,) scores; cash and what nobody scored count as the mean of the scored assets: neither a merit nor a fault."""
    scores = esg_scores(p)
    return np.where(np.isnan(scores), float(np.nanmean(scores)), scores)


def barred_by(
    p: Problem, attribute: Literal["quality_score", "esg_score"], score: float, grandfather: bool
) -> tuple[Indices, Vector]:
    """Positions of the assets but cash that do not reach `score`, and the most each may weigh.

    A missing score is not a pass. grandfather: the most is the present weight, else nothing.
    """
    passes = p.universe.scores(attribute) >= score  # NaN compares false
    barred = np.flatnonzero(~passes & ~p.universe.is_cash)
    most = np.maximum(p.previous()[barred], 0.0) if grandfather else np.zeros(len(barred))
    return barred, most

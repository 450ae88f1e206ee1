"""Scores of the assets as the terms count them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import options, required


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


def worst_scores(p: Problem) -> Vector:
    """(n,) scores; what nobody scored counts as zero, or as the lowest score where that is less. NaN for cash."""
    scores = esg_scores(p)
    worst = min(0.0, float(np.nanmin(scores)))
    return np.where(np.isnan(scores) & ~p.universe.is_cash, worst, scores)


def barred_by(
    p: Problem, attribute: Literal["quality_score", "esg_score"], score: float, grandfather: bool
) -> tuple[Indices, Vector]:
    """Positions of the assets but cash that do not reach `score`, and the most each may weigh.

    A missing score is not a pass. grandfather: the most is the present weight, else nothing.
    Both are (k,), one entry for each barred asset.
    """
    passes = p.universe.scores(attribute) >= score  # NaN compares false
    barred = np.flatnonzero(~passes & ~p.universe.is_cash)
    most = np.maximum(p.previous()[barred], 0.0) if grandfather else np.zeros(len(barred))
    return barred, most


def write_barred(program: Program, p: Problem, barred: tuple[Indices, Vector], limit: str) -> None:
    """w_i <= most_i for every barred asset; its bounds do not move by themselves, because a score opens asset by asset.

    barred: positions and most, (k,) each.
    """
    at, most = barred
    if len(at):
        program.add_bounds(at, -INF, most, limit=limit, members=[p.universe.ids[i] for i in at], relax=0.0)


def read_barred(w: Vector, p: Problem, barred: tuple[Indices, Vector], limit: str) -> Readings:
    """The same bounds, read off w (n,)."""
    at, most = barred
    return Readings(limit, tuple(p.universe.ids[i] for i in at), w[at], np.full(len(at), -np.inf), most)


def score_steps(p: Problem, attribute: Literal["quality_score", "esg_score"], floor: float) -> tuple[float, ...]:
    """How far a floor must fall for each next asset to pass, smallest first."""
    scores = p.universe.scores(attribute)
    # Rounded up where the difference is not exact: an asset that scores the floor must pass.
    short = {float(np.nextafter(floor - s, np.inf)) if floor - (floor - s) > s else floor - s for s in scores[scores < floor]}
    return tuple(sorted(float(step) for step in short))


def of_the_barred(kind: str, grandfather: bool) -> str:
    """ "min_quality does not let them be held" """
    return f"{kind} lets them be kept and not increased" if grandfather else f"{kind} does not let them be held"


def floor_of(field: str, value: Any, example: str) -> tuple[Any, Any]:
    """(score, grandfather) of 6.0 or {"score": 6.0, "grandfather": true}. Raises UnknownField or MissingInput."""
    given = options(field, value if isinstance(value, Mapping) else {"score": value}, ("score", "grandfather"), example=example)
    grandfather = given.get("grandfather")
    return required(field, given, "score", example=example), False if grandfather is None else grandfather

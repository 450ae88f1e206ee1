"""Whole lots need room: an opening to the last hair leaves a portfolio in weights, and none that shares can make."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.problem import Limit, Problem

Rounds = Callable[[Problem], bool]
TIMES = (1.0, 4.0, 16.0)  # the room, and more of it while no whole lots are found: a refusal costs more than a hair
GRIDS = (1e-6, 1e-5, 1e-4, 1e-3)  # openings are rounded up to these, the finest that works: people can write them down


def room_in(limit: Limit, problem: Problem, by: float, room: float) -> float:
    """What `room`, a fraction of portfolio value, is in the unit of a limit that was opened by `by`.

        fraction                        room
        tracking_error, volatility      room * the largest volatility of an asset
        return                          room * the range of the expected returns
        exposure                        room * the widest range of an exposure
        score                           room * the range of the scores; 0 where it opens asset by asset

    That much is what one lot too many or too few can move the reading by (tracking error and volatility: one asset against
    cash). A cap of the portfolio's fractions is not opened past the whole: nobody could write it down.
    """
    if limit.unit in ("tracking_error", "volatility"):
        return room * float(np.sqrt(problem.moments.covariance.diagonal().max()))
    if limit.unit == "return":
        return room * float(np.ptp(problem.moments.mu))
    if limit.unit == "score" and not limit.scored_by:
        scores = problem.universe.scores("esg_score")
        return room * float(np.nanmax(scores) - np.nanmin(scores))
    if limit.unit == "exposure":
        return room * max((float(np.ptp(values)) for values in problem.exposures.values()), default=0.0)
    if limit.unit != "fraction":
        return 0.0
    upper = limit.read(np.zeros(problem.n), problem).upper
    most = float(upper[np.isfinite(upper)].max(initial=-np.inf)) + by
    return min(room, 1.0 - most) if np.isfinite(most) and most <= 1.0 else room


def coarsest(grid: float, room: float) -> float:
    """The coarsest grid, from `grid` up, that a room hides: 16.87 % is as good as 16.8699 % and easier to type."""
    return max([grid, *(g for g in GRIDS if g <= room)])

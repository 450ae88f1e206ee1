"""How much data an estimate rests on, in years: what its standard error is made of."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.problem import Problem
from portopt.terms.shared.checks import listed

ESTIMATE = "estimate"  # a radius from the standard errors
BOOTSTRAP = "bootstrap"  # a radius drawn from the history: a number by the time a problem is formed
DRAWN = ("draws", "seed", "block")  # how: estimation/uncertainty.py


def observed(p: Problem, given: float | None, field: str, least: int = 2) -> Vector:
    """(n,) number of returns behind each estimate; inf where there is no variance to err about (cash).

    given: a number for every asset, in place of the estimate's own. Raises MissingInput where neither is known and
    DataError where an asset has fewer than `least`.
    """
    counts = p.moments.observations if given is None else np.full(p.n, given)
    if counts is None:
        raise MissingInput(
            "how far estimates may be off follows from how many returns they rest on, and these moments do not say",
            field=f"{field}.observations",
            fixes=[f'add "observations": 756 to {field}', f"give {field}.radius as a number"],
        )
    risky = p.moments.covariance.diagonal() > 0.0
    few = np.flatnonzero(risky & ~(counts >= least))
    if len(few):
        names = [p.universe.ids[i] for i in few]
        raise DataError(
            f"{field} needs at least {least} returns an asset, and {listed(names)} has fewer",
            field=f"{field}.observations",
            value=names,
        )
    return np.where(risky, counts, np.inf)


def not_drawn(path: str) -> MissingInput:
    """What a set says whose radius is still to be drawn from the history."""
    return MissingInput(
        f"{path}.radius is to be drawn from the history of returns, and this problem was formed without one",
        field=f"{path}.radius",
        fixes=['use "estimate"', "give the radius as a number (portopt.estimation.uncertainty finds it)"],
    )

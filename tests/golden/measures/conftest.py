"""Twenty stocks over three years of days: the market on which measures are held against other libraries."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.adapters.providers.sample import SampleProvider
from portopt.audit import audit
from portopt.domain.market import MarketQuery
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective

DAYS = 756


@pytest.fixture(scope="session")
def sample() -> tuple[list[str], np.ndarray]:
    """(ids, (756, 20) daily simple returns to the end of 2022)."""
    wide = SampleProvider().prices(MarketQuery()).pivot(on="asset_id", index="date", values="close").sort("date")
    ids = [column for column in wide.columns if column != "date"]
    prices = wide.select(ids).to_numpy()[-DAYS - 1 :]
    return ids, prices[1:] / prices[:-1] - 1.0


@pytest.fixture(scope="session")
def pose(sample):
    """Builds a long-only, fully invested problem on the sample: pose(objective, limits, days)."""
    ids, R = sample

    def build(objective, limits=None, days=DAYS) -> Problem:
        moments = Moments(Universe.of(ids), R.mean(0) * 252, Covariance(Sigma=np.cov(R.T) * 252), scenarios=R[-days:])
        terms = {"budget": True, "long_only": True, **(limits or {})}
        return Problem(moments, parse_objective(objective), parse_limits(terms), risk_free_rate=0.02)

    return build


@pytest.fixture(scope="session")
def answer():
    """(weights, certificate) of a problem."""

    def solved(problem):
        form = assemble(problem)
        solution = optimize(problem, form=form)
        return solution.weights, audit(problem, form, solution)

    return solved

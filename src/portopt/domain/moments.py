"""What is believed about next year's returns: expected returns and their covariance, annual, on one Universe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portopt.domain.arrays import Matrix, Vector, frozen
from portopt.domain.covariance import Covariance
from portopt.domain.errors import DataError
from portopt.domain.universe import Universe

if TYPE_CHECKING:
    from portopt.domain.factor_model import FactorModel  # a first answer has no time for it

__all__ = ["Covariance", "Moments"]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """mu (n,) annual arithmetic expected returns and Sigma, on one Universe; how both were made is written beside.

    scenarios: (T, n) periodic simple returns the estimate used, or None; for drawdown and scenario measures.
    probabilities: (T,) of the scenarios, adding to one; None is equal ones.
    observations: (n,) number of periods that the returns behind each asset's estimate cover, or None.
    scenario_span: how many periods a scenario covers on average; more than one where some assets skipped days of others.
    factor_model: the model the estimate rests on or that was asked for beside it, on the same universe; or None.
    """

    universe: Universe
    mu: Vector
    covariance: Covariance
    periods_per_year: float = 252.0
    expected_return_method: str = "given"
    covariance_method: str = "given"
    scenarios: Matrix | None = None
    observations: Vector | None = None
    probabilities: Vector | None = None
    factor_model: FactorModel | None = None
    scenario_span: float = 1.0

    def __post_init__(self) -> None:
        n = len(self.universe)
        object.__setattr__(self, "mu", frozen(self.mu))
        self._check_probabilities()
        if self.mu.shape != (n,) or len(self.covariance) != n:
            raise DataError(
                f"{n} assets, but {self.mu.shape[0]} expected returns and a covariance of {len(self.covariance)}",
                field="moments",
                measured={"assets": n, "expected_returns": int(self.mu.shape[0]), "covariance": len(self.covariance)},
            )
        if not np.isfinite(self.mu).all():
            bad = [self.universe.ids[i] for i in np.flatnonzero(~np.isfinite(self.mu))]
            raise DataError(f"expected return of {', '.join(bad)} is not a number", field="expected_return", value=bad)

    def _check_probabilities(self) -> None:
        if self.probabilities is None:
            return
        object.__setattr__(self, "probabilities", frozen(self.probabilities))
        fits = self.scenarios is not None and self.probabilities.shape == (len(self.scenarios),)
        if not fits or self.probabilities.min() < 0.0 or abs(float(self.probabilities.sum()) - 1.0) > 1e-9:
            raise DataError("scenario probabilities must be one per scenario, none negative, adding to one", field="moments")

    @property
    def scenarios_per_year(self) -> float:
        """What turns the mean or the variance of scenarios into annual ones."""
        return self.periods_per_year / self.scenario_span

    @property
    def Sigma(self) -> Matrix:
        """(n, n), dense."""
        return self.covariance.dense()

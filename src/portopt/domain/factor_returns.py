"""What factors returned, date by date: the other half of a factor model's data, beside the assets' own returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Matrix, Vector, frozen
from portopt.domain.errors import DataError, InvalidValue, UnknownField

Dates: TypeAlias = npt.NDArray[np.datetime64]
Frequency: TypeAlias = Literal["daily", "weekly", "monthly", "annual"]
LISTED = 3


@dataclass(frozen=True, slots=True, eq=False)
class FactorReturns:
    """Periodic simple returns of K factors on T dates, complete.

    dates: (T,) datetime64[D], strictly increasing, the last day of each period; None where rows follow the assets' own.
    names: K. values: (T, K), fractions. risk_free: (T,) periodic risk-free returns, or None.
    excess: True where the factors are already net of financing (a long-short portfolio, a market less the bill), as
    Fama and French publish them; False for funds and indices, whose own return still holds the risk-free rate.
    source: where they come from, for people. notes: what reading them left out, in sentences.
    """

    names: tuple[str, ...]
    values: Matrix
    dates: Dates | None = None
    risk_free: Vector | None = None
    excess: bool = False
    source: str = "given"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names) or not self.names:
            raise DataError(f"{len(self.names)} factors, but returns of the shape {self.values.shape}", field="factors")
        if len(set(self.names)) != len(self.names):
            raise DataError(f"two factors bear one name: {', '.join(self.names)}", field="factors.names")
        if self.risk_free is not None:
            object.__setattr__(self, "risk_free", frozen(self.risk_free))
        self._check_rows()

    def _check_rows(self) -> None:
        T = len(self.values)
        columns = [*zip(self.names, self.values.T, strict=True)]
        if self.risk_free is not None:
            if self.risk_free.shape != (T,):
                raise DataError(f"{T} dates of factors, {len(self.risk_free)} of the risk-free rate", field="factors")
            columns.append(("the risk-free rate", self.risk_free))
        for name, column in columns:
            wrong = np.flatnonzero(~np.isfinite(column) | (column < -1.0))
            if len(wrong):
                where = f"row {wrong[0]}" if self.dates is None else str(self.dates[wrong[0]])
                raise DataError(
                    f"{self.source}: {name} on {where} is {column[wrong[0]]:g}, no return",
                    field=f"factors.{name}",
                    measured={"count": len(wrong)},
                )
        if self.dates is not None:
            dates = np.asarray(self.dates, dtype="datetime64[D]")
            if dates.shape != (T,) or (np.diff(dates) <= np.timedelta64(0, "D")).any():
                raise DataError(f"{self.source}: factor dates must be one a row and increase", field="factors.dates")
            object.__setattr__(self, "dates", dates)

    def __len__(self) -> int:
        return len(self.values)

    def chosen(self, names: tuple[str, ...] | None) -> FactorReturns:
        """Only these factors, in this order; None keeps all. Raises UnknownField for a factor that is not there."""
        if names is None:
            return self
        for name in names:
            if name not in self.names:
                raise UnknownField(name, self.names, path="factors.names", value=name)
        at = [self.names.index(name) for name in names]
        return replace(self, names=tuple(names), values=self.values[:, at])

    def rows(self, at: npt.NDArray[np.intp]) -> FactorReturns:
        """Only these rows."""
        dates = None if self.dates is None else self.dates[at]
        risk_free = None if self.risk_free is None else self.risk_free[at]
        return replace(self, values=self.values[at], dates=dates, risk_free=risk_free)

    def net(self) -> Matrix:
        """(T, K) returns net of financing: less the risk-free return where they still hold it and it is known."""
        if self.excess or self.risk_free is None:
            return self.values
        return np.asarray(self.values - self.risk_free[:, None])


def frequency_of(dates: Dates) -> Frequency:
    """By the median distance of two dates: up to 4 days daily, 10 weekly, 45 monthly, then annual."""
    if len(dates) < 2:
        return "daily"
    days = float(np.median(np.diff(dates.astype("datetime64[D]")).astype(np.int64)))
    return "daily" if days <= 4 else "weekly" if days <= 10 else "monthly" if days <= 45 else "annual"


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Asset returns (T, n) and factor returns on the same dates. note: how many of each were shared, in a sentence."""

    returns: Matrix
    factors: FactorReturns
    note: str


def aligned(returns: Matrix, dates: Dates | None, factors: FactorReturns, *, least: int = 3) -> Aligned:
    """Rows of both on the dates they share; months are matched as months, whichever day stands for them.

    Args:
        returns: (T, n) periodic simple returns of the assets. dates: (T,) the day each ends on; None matches row by row.
        least: fewer shared dates than this are refused.
    Raises:
        DataError: frequencies that differ, too few shared dates, or no dates and different lengths.
    """
    if dates is None or factors.dates is None:
        if len(returns) != len(factors):
            raise DataError(
                f"{len(returns)} returns of the assets and {len(factors)} of the factors, and no dates to match them by",
                field="factors",
                fixes=["give dates with the returns", "give one factor return for each return of the assets"],
            )
        return Aligned(returns, factors, f"{len(returns)} returns matched row by row")
    own, theirs = frequency_of(dates), frequency_of(factors.dates)
    if own != theirs:
        raise DataError(
            f"the assets' returns are {own}, the factors' in {factors.source} {theirs}",
            field="factors.source",
            measured={"assets": own, "factors": theirs},
            fixes=[f"use {own} factor returns" if theirs != "daily" else f"use daily prices, or {own} factor returns"],
        )
    unit = {"monthly": "datetime64[M]", "annual": "datetime64[Y]"}.get(own, "datetime64[D]")
    _, rows, factor_rows = np.intersect1d(dates.astype(unit), factors.dates.astype(unit), return_indices=True)
    if len(rows) < least:
        raise DataError(
            f"only {len(rows)} shared dates: assets {dates[0]} to {dates[-1]}, factors {factors.dates[0]} to "
            f"{factors.dates[-1]} ({factors.source})",
            field="factors.source",
            measured={"shared": len(rows), "needed": least},
            fixes=["use factor returns of the same time", "choose a longer lookback or an earlier as_of"],
        )
    note = f"{len(rows)} dates shared, of {len(returns)} of the assets and {len(factors)} of the factors"
    return Aligned(returns[rows], factors.rows(factor_rows), note)


def net_of_risk_free(returns: Matrix, factors: FactorReturns, risk_free: float) -> tuple[Matrix, Matrix]:
    """(T, n) excess returns of the assets and (T, K) of the factors. risk_free: periodic, where there is no series."""
    if not np.isfinite(risk_free):
        raise InvalidValue("risk_free_rate", risk_free, "is not a finite number")
    rf = np.full(len(factors), risk_free) if factors.risk_free is None else factors.risk_free
    net = factors.values if factors.excess else factors.values - rf[:, None]
    return returns - rf[:, None], np.asarray(net)

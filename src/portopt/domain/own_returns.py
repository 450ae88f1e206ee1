"""Returns between each asset's own consecutive prices, however many days lie between them. Nothing is filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.calendar import Days, common_days


@dataclass(frozen=True, slots=True, eq=False)
class OwnReturns:
    """T days of the common calendar after the first one, by n assets.

    X: (T, n) simple returns on the day they end, NaN where none does. spans: (T, n) how many days of the calendar each
    return covers, 0 where there is none; None where every return there is covers one day.
    """

    dates: Days
    X: Matrix
    spans: Indices | None

    def newest(self, count: int | None) -> OwnReturns:
        """The last `count` days; all of them for None."""
        if count is None:
            return self
        return OwnReturns(self.dates[-count:], self.X[-count:], None if self.spans is None else self.spans[-count:])


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """X: (T', n) what every asset returned over the same days, none missing. spans: (T',) how many days each row covers."""

    X: Matrix
    spans: Vector

    @property
    def span(self) -> float:
        """Days a row on average."""
        return float(self.spans.mean())


def together_of(X: Matrix, spans: Indices | None) -> Together:
    """The days on which every asset has a price, and what happened from each to the next: the scenarios of these returns.

    A day or two that an asset skips make one row of several days for all of them; days without a return of some asset
    (not yet listed, no longer, or not known) are in no row.
    X: (T, n) simple returns, NaN where there is none. spans: (T, n) days that each covers, None being one everywhere.
    """
    ends = np.flatnonzero(~np.isnan(X).any(axis=1))
    if spans is None or not len(ends):
        return Together(X if len(ends) == len(X) else X[ends], np.ones(len(ends)))
    single = (spans[ends] == 1).all(axis=1)
    begins = np.where(single, ends - 1, np.concatenate([[-1], ends[:-1]]))
    covered = np.concatenate([np.zeros((1, X.shape[1]), dtype=np.intp), np.cumsum(spans, axis=0)])
    grown = np.concatenate([np.zeros((1, X.shape[1])), np.cumsum(np.log1p(np.nan_to_num(np.maximum(X, -1.0 + 1e-15))), axis=0)])
    whole = (covered[ends + 1] - covered[begins + 1] == (ends - begins)[:, None]).all(axis=1)
    rows = np.where(single[:, None], X[ends], np.expm1(grown[ends + 1] - grown[begins + 1]))
    return Together(np.ascontiguousarray(rows[whole]), (ends - begins)[whole].astype(np.float64))


def own_returns(dates: Days, prices: Matrix) -> OwnReturns:
    """Returns on the common calendar of these prices (T, n), NaN where there is none."""
    known = ~np.isnan(prices)
    days = common_days(dates, known)
    if not days.all():
        dates, prices, known = dates[days], prices[days], known[days]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        X = np.asarray(prices[1:] / prices[:-1] - 1.0)
        incomplete = np.flatnonzero(~known.all(axis=0))
        spans = (~np.isnan(X)).astype(np.intp) if len(incomplete) else np.zeros(0, dtype=np.intp)
        for j in incomplete:
            X[:, j], spans[:, j] = _between_own(prices[:, j], known[:, j])
    return OwnReturns(dates[1:], X, spans if spans.max(initial=0) > 1 else None)


def _between_own(prices: Vector, known: Mask) -> tuple[Vector, Indices]:
    """One asset's returns (T - 1,) and the days each covers."""
    at = np.flatnonzero(known)
    x, spans = np.full(len(prices) - 1, np.nan), np.zeros(len(prices) - 1, dtype=np.intp)
    x[at[1:] - 1] = prices[at[1:]] / prices[at[:-1]] - 1.0
    spans[at[1:] - 1] = np.diff(at)
    return x, spans

"""What was known when: raw prices with what happened to the shares, who belonged to the universe, which policy held.

    history.known(t)   everything that a decision at the close of day t may see: nothing else reaches it

Nothing is filled, least of all from later: a day without a price has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix, Vector, sealed
from portopt.domain.backtest import Membership
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.market import Finding, MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy, Policy
from portopt.simulation.money_of_day import Step, cumulated, steps_of


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What was known at the close of day `day` (a row of the history). Arrays are read-only and end there.

    prices: (day + 1, n) in the money of the day: the last row is the raw close, NaN where there was none. volumes: likewise in
    today's shares, or None. members: ids that belong to the universe today, None where nobody said who. policy: None where the
    request's own holds. actions: those known by now. factor_returns: as they stood today.
    """

    day: int
    ids: tuple[str, ...]
    dates: npt.NDArray[np.datetime64]
    prices: Matrix
    volumes: Matrix | None
    source: str
    adjustment: str
    members: frozenset[str] | None = None
    policy: Policy | None = None
    actions: tuple[Action, ...] = ()
    factor_returns: FactorReturns | None = None

    @property
    def date(self) -> date:
        return day_of(self.dates[-1])

    def listed(self) -> frozenset[str]:
        """Who has had a price by now."""
        return frozenset(self.ids[i] for i in np.flatnonzero((self.prices > 0.0).any(axis=0)))

    def latest(self) -> Vector:
        """(n,) the last price of each asset, in the money of the day; NaN where there is none."""
        return latest_of(self.prices)

    def snapshot(self, assets: Iterable[str], policy: DataPolicy, last_dates: int | None = None) -> MarketSnapshot:
        """The pricing pack that a live run at this close would have opened, of these assets. Raises DataError as it would."""
        from portopt.market.panel import Panel
        from portopt.market.snapshot import snapshot_of

        wanted = frozenset(assets)
        columns = np.array(
            [i for i, a in enumerate(self.ids) if a in wanted and (self.prices[:, i] == self.prices[:, i]).any()]
        )
        if not len(columns):
            raise DataError(f"no asset has a price by {self.date}", field="prices", measured={"asked": sorted(wanted)[:20]})
        prices = self.prices[:, columns]
        rows = ~np.isnan(prices).all(axis=1)
        nowhere = np.empty((0, 2), dtype=np.intp)
        panel = Panel(
            tuple(self.ids[i] for i in columns),
            self.dates[rows],
            np.ascontiguousarray(prices[rows]),
            None if self.volumes is None else np.ascontiguousarray(self.volumes[:, columns][rows]),
            (),
            nowhere,
            nowhere,
        )
        query = MarketQuery(assets=tuple(sorted(wanted)), as_of=self.date, last_dates=last_dates)
        return snapshot_of(panel, source=self.source, adjustment=self.adjustment, policy=policy, query=query, known=panel.ids)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Everything there is. dates: (T,). prices: (T, n) raw closes, or adjusted ones where the source has no others.

    volumes: (T, n) shares a day, or None. policies, factors: later ones by the date on which each became known, in order.
    findings, notes: what reading the source found, for the reader of the document; no decision sees them.
    """

    ids: tuple[str, ...]
    dates: npt.NDArray[np.datetime64]
    prices: Matrix
    volumes: Matrix | None
    source: str
    adjustment: str
    pricing_pack_id: str
    actions: tuple[Action, ...] = ()
    members: tuple[Membership, ...] = ()
    policies: tuple[tuple[date, Policy], ...] = ()
    factors: tuple[tuple[date, FactorReturns], ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    C: Matrix | None = None
    shares: Matrix | None = None

    @classmethod
    def of(
        cls,
        snapshot: MarketSnapshot,
        actions: Sequence[Action] = (),
        members: Sequence[Membership] = (),
        policies: Sequence[tuple[date, Policy]] = (),
        factors: Sequence[tuple[date, FactorReturns]] = (),
    ) -> History:
        """Raises DataError where prices are adjusted already and actions would be counted twice."""
        if actions and snapshot.adjustment == "adjusted":
            raise DataError(
                f"the prices of {snapshot.source} are adjusted for splits and dividends already: "
                f"with {len(actions)} corporate actions beside them each would count twice",
                field="actions",
                measured={"adjustment": snapshot.adjustment, "actions": len(actions)},
                fixes=["give raw closing prices with the actions", "or leave the actions out"],
            )
        return cls(
            snapshot.asset_ids,
            snapshot.dates,
            _read_only(snapshot.prices),
            None if snapshot.volumes is None else _read_only(snapshot.volumes),
            snapshot.source,
            snapshot.adjustment,
            snapshot.pricing_pack_id,
            tuple(actions),
            tuple(members),
            tuple(sorted(policies, key=since)),
            tuple(sorted(factors, key=since)),
            snapshot.findings,
            snapshot.notes,
        ).prepared()

    def prepared(self) -> History:
        """With the factors of its actions, where there are any."""
        steps = steps_of(self.actions, self.ids, self.dates, self.prices)
        if not steps:
            return replace(self, steps=(), C=None, shares=None)
        C, shares = (cumulated(steps, self.prices.shape, of_shares=of_shares) for of_shares in (False, True))
        return replace(self, steps=steps, C=C, shares=shares)

    def __len__(self) -> int:
        return len(self.dates)

    @property
    def point_in_time(self) -> bool:
        """Whether it is said who belonged to the universe when, so that those who left are among them."""
        return bool(self.members)

    def row_of(self, day: date) -> int:
        """The first session on or after a day; T where there is none."""
        return int(np.searchsorted(self.dates, np.datetime64(day, "D")))

    def known(self, day: int) -> Known:
        """What was known at the close of row `day`."""
        today = day_of(self.dates[day])
        prices, volumes = self._in_money_of(day, today)
        return Known(
            day,
            self.ids,
            self.dates[: day + 1],
            prices,
            volumes,
            self.source,
            self.adjustment,
            members_on(self.members, today) if self.members else None,
            _newest(self.policies, today),
            tuple(action for action in self.actions if (action.known_from or action.ex_date) <= today),
            _factors_known(self.factors, today),
        )

    def _in_money_of(self, day: int, today: date) -> tuple[Matrix, Matrix | None]:
        prices, volumes = self.prices[: day + 1], None if self.volumes is None else self.volumes[: day + 1]
        C, shares = self._cumulated(day, today)
        if C is None or shares is None:
            return prices, volumes
        adjusted = sealed(prices * (C[day] / C[: day + 1]))
        return adjusted, None if volumes is None else sealed(volumes * (shares[day] / shares[: day + 1]))

    def _cumulated(self, day: int, today: date) -> tuple[Matrix | None, Matrix | None]:
        """C for prices and for shares; worked out for today where some action in it is not known yet."""
        happened = [step for step in self.steps if step.row <= day]
        known = [step for step in happened if step.known_from <= today]
        if len(known) == len(happened) or self.C is None:
            return (self.C, self.shares) if happened else (None, None)
        shape = (day + 1, len(self.ids))
        return cumulated(known, shape), cumulated(known, shape, of_shares=True)

    def total_return(self) -> Matrix:
        """(T, n) the worth of one unit of money-weighted shares with everything paid out put back in; filled forward only.

        NaN before an asset's first price.
        """
        priced = self.prices.copy()
        for action in self.actions:
            if action.kind == "delisting" and action.asset_id in self.ids:
                row, j = self.row_of(action.ex_date), self.ids.index(action.asset_id)
                last = latest_of(self.prices[:row])[j] if row else np.nan
                if action.delisting_return is not None:
                    last *= 1.0 + float(action.delisting_return)
                priced[row:, j] = last if action.proceeds is None else float(action.proceeds)
        filled = filled_forward(priced)
        return filled if self.C is None else np.asarray(filled / self.C)


def members_on(members: Iterable[Membership], today: date) -> frozenset[str]:
    """Who belongs to the universe on a day, as was known on it."""
    return frozenset(
        m.asset_id
        for m in members
        if (m.known_from or m.valid_from) <= today and m.valid_from <= today and (m.valid_to is None or today < m.valid_to)
    )


def filled_forward(prices: Matrix) -> Matrix:
    """(T, n) the last price at or before each day; NaN before the first. The argument is not touched."""
    rows = np.where(np.isnan(prices), 0, np.arange(len(prices))[:, None])
    return np.asarray(prices[np.maximum.accumulate(rows, axis=0), np.arange(prices.shape[1])])


def latest_of(prices: Matrix) -> Vector:
    """(n,) the last price above zero of each column of (T, n); NaN where there is none."""
    usable = prices > 0.0
    last = len(prices) - 1 - np.argmax(usable[::-1], axis=0)
    return np.where(usable.any(axis=0), prices[last, np.arange(prices.shape[1])], np.nan)


def day_of(value: np.datetime64) -> date:
    return date.fromordinal(719163 + int(value.astype("datetime64[D]").astype(int)))


def _newest(dated: Sequence[tuple[date, Policy]], today: date) -> Policy | None:
    known = [value for since, value in dated if since <= today]
    return known[-1] if known else None


def _factors_known(dated: Sequence[tuple[date, FactorReturns]], today: date) -> FactorReturns | None:
    """The newest file known today, its rows up to today."""
    known = [value for since, value in dated if since <= today]
    if not known or known[-1].dates is None:
        return known[-1] if known else None
    return known[-1].rows(np.flatnonzero(known[-1].dates <= np.datetime64(today, "D")))


def since(dated: tuple[date, object]) -> date:
    """When it became known."""
    return dated[0]


def _read_only(array: Matrix) -> Matrix:
    view = array.view()
    view.flags.writeable = False
    return view

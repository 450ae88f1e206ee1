"""A ledger that a test leads from day to day, with orders by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from portopt.domain.action import Action
from portopt.domain.backtest import Execution, Fill, Happening, Order
from portopt.simulation.accounting import Account, Quotes, begin_day, equity, fill, opened
from portopt.simulation.accounting.checks import Day, broken

START = date(2024, 1, 1)  # a Monday


class OneLedger:
    """Every day is checked against the identities as it goes. Orders are placed on the day on which they are decided."""

    def __init__(
        self, ids: Sequence[str], capital: str | int, execution: Execution | None = None, *, fractional: bool = False,
        checked: bool = True,
    ) -> None:  # fmt: skip
        self.ids = tuple(ids)
        self.execution = execution or Execution(delay=0)
        self.account: Account = opened(len(self.ids), round(float(capital) * 100), fractional=fractional)
        self.date, self.t, self.checked = START, -1, checked
        self.fills: list[Fill] = []
        self.happenings: list[Happening] = []
        self.unfilled: list[tuple[str, str]] = []
        self.days: list[Day] = []

    def day(
        self,
        prices: Mapping[str, float],
        orders: Mapping[str, int] | None = None,
        *,
        actions: Sequence[Action] = (),
        flow: int = 0,
        later: int = 1,
        volumes: Mapping[str, float] | None = None,
        volatility: Mapping[str, float] | None = None,
    ) -> OneLedger:
        """The next session, `later` calendar days after the last; an asset without a price has none that day."""
        self.t += 1
        self.date += timedelta(later if self.t else 0)
        quotes = Quotes(self.t, self.date, self.ids, self._of(prices), self._of(volumes), self._of(volatility))
        before = self.account
        days = later if self.t else 0
        began, happened = begin_day(before, quotes, actions, self.execution, days=days, flow=flow)
        placed = [Order(f"{self.t}-{name}", self.t, self.ids.index(name), units) for name, units in (orders or {}).items()]
        self.account, fills, unfilled = fill(began, placed, quotes, self.execution)
        self.days.append(Day(before, began, self.account, quotes, happened, fills, placed))
        if self.checked:
            assert broken(self.days[-1], self.execution) == ()
        self.fills += fills
        self.happenings += happened
        self.unfilled += unfilled
        return self

    def _of(self, values: Mapping[str, float] | None) -> np.ndarray:
        return np.array([float((values or {}).get(name, np.nan)) for name in self.ids])

    def units(self, name: str) -> int:
        return int(self.account.units[self.ids.index(name)])

    def told(self, kind: str) -> list[Happening]:
        return [h for h in self.happenings if h.kind == kind]

    @property
    def equity(self) -> int:
        return equity(self.account)

    def on(self, later: int) -> date:
        """So many calendar days after the last session."""
        return self.date + timedelta(later)

"""A history whose everything after one day is noise: prices, volumes, sessions, actions, members, policies, factor returns.

What was known at that day's close is untouched, bit for bit; what was not is drawn from a seed, the length of the history
among it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix
from portopt.domain.backtest import Membership
from portopt.domain.factor_returns import FactorReturns
from portopt.simulation.history import History, day_of
from portopt.simulation.money_of_day import Step

LONGER = 40  # sessions that a noisy history may have beyond the true one
FARTHEST_STEP = 4  # days from one noisy session to the next
MISSING, DEAD, BORN = 0.03, 0.2, 0.5  # shares of noisy prices, and of assets without any, and of those unborn that appear
MADE_UP = 5  # actions and memberships that never were


class Noise:
    """The noise of one seed over one history. Days are asked for in increasing order: what is true is copied once."""

    def __init__(self, history: History, seed: int) -> None:
        self.history, self._copied = history, 0
        self._rng = np.random.default_rng(seed)
        T, n = len(history) + LONGER, len(history.ids)
        level = np.nanmedian(np.where(history.prices > 0.0, history.prices, np.nan), axis=0)
        level = np.where(np.isfinite(level), level, 100.0)
        self._prices = level * np.exp(self._rng.normal(0.0, 0.7, (T, n)))
        self._prices[self._rng.random((T, n)) < MISSING] = np.nan
        self._prices[:, self._rng.random(n) < DEAD] = np.nan
        self._volumes = None if history.volumes is None else np.exp(self._rng.normal(10.0, 2.0, (T, n)))
        self._steps = np.cumsum(self._rng.integers(1, FARTHEST_STEP + 1, T)).astype("timedelta64[D]")
        self._C = tuple(None if C is None else np.exp(self._rng.normal(0.0, 0.5, (T, n))) for C in (history.C, history.shares))

    def after(self, day: int, *, derived: bool = False) -> History:
        """The history with noise behind row `day`. derived: the factors of its actions are worked out again from it.

        Its arrays are those of the next day asked for: a decider that keeps them sees them change.
        """
        self._copy(day)
        h, today = self.history, day_of(self.history.dates[day])
        end = day + 1 + int(self._rng.integers(1, max(2, min(LONGER, len(h)))))
        end = min(max(end, day + 2), len(self._prices))
        dates = np.concatenate([h.dates[: day + 1], h.dates[day] + self._steps[: end - day - 1]])
        noisy = replace(
            h,
            dates=dates,
            prices=_read_only(self._prices[:end]),
            volumes=None if self._volumes is None else _read_only(self._volumes[:end]),
            actions=self._actions(today),
            members=self._members(today),
            policies=tuple(known for known in h.policies if known[0] <= today),
            factors=tuple((since, self._factors(values, today)) for since, values in h.factors if since <= today),
            pricing_pack_id="noise",
            findings=(),
            notes=(),
        )
        if derived:
            return noisy.prepared()
        C, shares = (None if C is None else C[:end] for C in self._C)
        return replace(noisy, C=C, shares=shares, steps=self._kept_steps(day, end))

    def _copy(self, day: int) -> None:
        rows, h = slice(self._copied, day + 1), self.history
        self._prices[rows] = h.prices[rows]
        if self._volumes is not None and h.volumes is not None:
            self._volumes[rows] = h.volumes[rows]
        for ours, true in zip(self._C, (h.C, h.shares), strict=True):
            if ours is not None and true is not None:
                ours[rows] = true[rows]
        self._copied = max(self._copied, day + 1)

    def _kept_steps(self, day: int, end: int) -> tuple[Step, ...]:
        """Those up to the day; behind it one that never was."""
        kept = tuple(step for step in self.history.steps if step.row <= day)
        made_up = Step(min(day + 1, end - 1), 0, 0.5, 2.0, date.max)
        return (*kept, made_up) if self.history.steps else ()

    def _actions(self, today: date) -> tuple[Action, ...]:
        known = tuple(a for a in self.history.actions if (a.known_from or a.ex_date) <= today)
        if not self.history.actions:
            return ()
        return (*known, *(self._made_up(today) for _ in range(MADE_UP)))

    def _made_up(self, today: date) -> Action:
        day, asset = self._later(today), self._asset()
        if self._rng.random() < 0.5:
            return Action(asset, "split", day, ratio=(int(self._rng.integers(2, 9)), 1))
        return Action(asset, "dividend", day, pay_date=day, amount=Decimal(int(self._rng.integers(1, 500))) / 100)

    def _members(self, today: date) -> tuple[Membership, ...]:
        """When a present member will leave is not known; who joins later neither."""
        if not self.history.members:
            return ()
        known = [m for m in self.history.members if (m.known_from or m.valid_from) <= today]
        kept = [
            m if m.valid_to is not None and m.valid_to <= today else replace(m, valid_to=self._perhaps(today)) for m in known
        ]
        return (*kept, *(Membership(self._asset(), self._later(today)) for _ in range(MADE_UP)))

    def _factors(self, values: FactorReturns, today: date) -> FactorReturns:
        """The same rows up to today, noise behind; without dates nothing of it is known to be later."""
        if values.dates is None:
            return values
        later = values.dates > np.datetime64(today, "D")
        noise = np.clip(self._rng.normal(0.0, 0.05, values.values.shape), -0.9, None)
        return replace(values, values=np.where(later[:, None], noise, values.values))

    def _asset(self) -> str:
        return self.history.ids[int(self._rng.integers(len(self.history.ids)))]

    def _later(self, today: date) -> date:
        return today + timedelta(days=int(self._rng.integers(1, 400)))

    def _perhaps(self, today: date) -> date | None:
        return None if self._rng.random() < 0.5 else self._later(today)


def _read_only(array: Matrix) -> Matrix:
    view = array.view()
    view.flags.writeable = False
    return view

"""What an order costs, in money, to the cent: the tariffs of the problem's own cost terms, added.

Each half, commission and impact, is rounded half-even to the cent by itself; totals are sums of those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add

import numpy as np

from portopt.domain.arrays import Indices, Vector, frozen
from portopt.domain.holdings import to_cents
from portopt.domain.problem import Cost, Problem
from portopt.domain.tariff import NOTHING, Tariff, exact

__all__ = ["NOTHING", "Fees", "exact", "fees_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Fees:
    """The cost terms as numbers of money. whole: commission and impact together.

    size_rate: (n,) the part of v^(3/2), per root of money; zeros where no cost grows so. model: which, for people.
    """

    commission: Tariff
    impact: Tariff
    whole: Tariff
    size_rate: Vector
    model: str

    @property
    def per_trade(self) -> Decimal:
        """The flat fee."""
        return self.whole.per_trade

    def proportional(self, which: Indices) -> Vector:
        """Cost per unit of value traded that does not depend on size, a fraction, for the assets at `which`."""
        return np.array([self.whole.per_value(i) for i in which])

    def of(self, value: Decimal, i: int) -> tuple[Decimal, Decimal]:
        """(commission, impact) of an order in asset i worth `value`."""
        return to_cents(self.commission.of(value, i)), to_cents(self.impact.of(value, i))


def fees_of(p: Problem) -> Fees:
    """The fees of a problem's costs. Raises MissingInput where a cost needs more than the problem knows."""
    commission = _together(cost.tariff(p) for cost in p.costs if cost.is_commission)
    impact = _together(cost.tariff(p) for cost in p.costs if not cost.is_commission)
    whole = commission + impact
    return Fees(commission, impact, whole, frozen(whole.rate_3_2 or np.zeros(p.n)), _model_name(p.costs))


def _together(tariffs: Iterable[Tariff]) -> Tariff:
    return reduce(add, tariffs, Tariff())


def _model_name(costs: Sequence[Cost]) -> str:
    """ "linear", "square_root", both joined by "+", or "none"."""
    return "+".join(cost.model for cost in costs if cost.model) or "none"

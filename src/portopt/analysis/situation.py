"""What there is to say about each asset of one answer: what pulls at it, how hard, and which limits press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portopt.analysis.pulls import CONSTRUCTION, GOALS, RETURN, RISK, UNCERTAINTY
from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem
from portopt.domain.universe import Asset
from portopt.domain.voice import Readings

MOVED = 1e-6  # of the portfolio; a smaller change is no trade
NOTHING = 1e-9
FELT = 0.01  # basis points


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """The problem, its optimum w (n,), the pulls there by source, (n,) basis points each, and the risk aversion or None.

    rates: (n,) what the first share traded costs, basis points of its value a year.
    """

    problem: Problem
    w: Vector
    pulls: Mapping[str, Vector]
    gamma: float | None
    rates: Sequence[float]
    _readings: dict[str, Readings] = field(default_factory=dict, init=False, repr=False)  # once read

    def pull(self, source: str, i: int) -> float:
        amounts = self.pulls.get(source)
        return 0.0 if amounts is None else float(amounts[i])

    def before(self, i: int) -> float:
        return 0.0 if self.problem.w_prev is None else float(self.problem.w_prev[i])

    def asset(self, i: int) -> Asset:
        return self.problem.universe.assets[i]

    @property
    def weighs_return(self) -> bool:
        """Whether pulls are annual return; else half variance, which has no basis points a year."""
        return RETURN in self.pulls or self.gamma is not None

    def merit(self, i: int) -> float:
        """What one more unit is worth after its risk, against what the same money is worth anywhere else in the book."""
        everywhere = [limit.kind for limit in self.problem.limits if limit.pulls_everywhere]
        return sum(self.pull(source, i) for source in (RETURN, RISK, UNCERTAINTY, GOALS, CONSTRUCTION, *everywhere))

    def strongest(self, i: int, *, up: bool) -> tuple[Limit | None, float]:
        """The limit that pulls hardest that way, and how hard; None where none is felt."""
        sign = 1.0 if up else -1.0
        found = [(sign * self.pull(limit.kind, i), limit) for limit in self.problem.limits if not limit.structural]
        strength, limit = max(found, key=lambda pair: pair[0], default=(0.0, None))
        return (limit, strength) if strength > FELT else (None, 0.0)

    def pressed(self, limit: Limit, i: int, *, up: bool) -> str:
        """Why the limit asks for more or less of asset i, in its own words."""
        return limit.presses(self.asset(i), self.reading(limit), up=up)

    def reading(self, limit: Limit) -> Readings:
        """The limit read at the optimum."""
        if limit.kind not in self._readings:
            self._readings[limit.kind] = limit.read(self.w, self.problem)
        return self._readings[limit.kind]


def marginal_costs(p: Problem) -> list[float]:
    """(n,) basis points a year of the value traded, at the first share: what does not depend on size."""
    tariffs = [cost.tariff(p) for cost in p.costs]
    return [1e4 * sum(tariff.per_value(i) for tariff in tariffs) / p.holding_period_years for i in range(p.n)]

"""What a term says of itself: its third voice, beside the program's and the auditor's.

Whoever wants to know what a term is, how it is called, or what it reads, asks the term; nobody knows terms by their names.
What most terms say alike is said here, and terms inherit it. What takes a problem to say is in domain/problem.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.universe import Asset

TOLD_LAST = 100


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """One limit read off one portfolio: measured against its sides, in the limit's own unit.

    members: names of the single readings (assets, sectors), or ("",) for a limit on the whole portfolio.
    measured, lower, upper: (r,); -inf or inf where a side is open.
    unit: what the numbers are: "fraction" (of portfolio value), "volatility", "tracking_error", "return", "score",
        "exposure" (in the exposure's own unit).
    """

    limit: str
    members: tuple[str, ...]
    measured: Vector
    lower: Vector
    upper: Vector
    unit: str = "fraction"

    def slack(self) -> Vector:
        """(r,) distance to the nearer side; negative is a violation."""
        return np.minimum(self.upper - self.measured, self.measured - self.lower)

    def worst(self) -> float:
        """The largest violation, 0.0 when every side holds."""
        return float(max(0.0, -self.slack().min())) if len(self.measured) else 0.0

    def sides(self, member: str) -> tuple[float, float] | None:
        """(lower, upper) of one member; None where the limit does not bind it."""
        if member not in self.members:
            return None
        at = self.members.index(member)
        return float(self.lower[at]), float(self.upper[at])


class Reader(Protocol):
    """What any term says of the data it is told from. reads_scenarios, reads_factors: the scenarios, the factor model."""

    @property
    def reads_scenarios(self) -> bool:
        return False

    @property
    def reads_factors(self) -> bool:
        return False


class LimitVoice(Reader, Protocol):
    """What a limit says of itself.

    kind: the catalog's name, used in policies, requests, tags and messages.
    structural: True for what makes a portfolio a portfolio (the budget); never offered for relaxation.
    soft: True where a shortfall is priced and reported instead of forbidden; `read` measures against the limit all the same.
    unit: what `relaxed` counts in; `read` says for itself what it measured in (min_quality opens by score, reads weights).
    reads: attributes of assets it reads: sector, asset_class, quality_score, esg_score.
    scored_by: the attribute of assets by which it opens in steps, asset by asset; "" where it opens by a slope.
    noun: what it measures: "turnover", "the weight of" (a member's name follows).
    stops: what it is called where it ends a trade, "the turnover limit" (stops more).
    precedence: the smaller, the rather a desk sees it measured when limits conflict.
    pulls_everywhere: it pulls at every asset alike (the budget), and so says nothing of one.
    uses: what every trade uses up of it, where a trade must be worth that: "turnover".
    caps_positions, floors_positions: it is a cap (a floor) on the weight of single assets, told as such.
    forbids: what no trade may do to an asset, "sold", "bought" or "traded", where that is all that it is about.
    """

    @property
    def kind(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def structural(self) -> bool:
        return False

    @property
    def soft(self) -> bool:
        return False

    @property
    def reads(self) -> tuple[str, ...]:
        return ()

    @property
    def scored_by(self) -> str:
        return ""

    def fractions(self) -> Iterable[tuple[str, float, float]]:
        """(field, value, the most that a portfolio without leverage gives a meaning) of every number that is a fraction."""
        return ()

    def of_the_undescribed(self) -> str:
        """What becomes of assets that lack an attribute it reads; "" where it reads none."""
        return ""

    def exempts(self, asset: Asset) -> bool:
        """Whether it says, as data, that it does not speak of the asset."""
        return False

    def of_the_exempt(self) -> str:
        """How assets are called that it exempts; "" where it exempts none."""
        return ""

    def describe(self) -> str:
        """One line for people: "each position at most 10.00 %"."""
        ...

    @property
    def noun(self) -> str: ...

    @property
    def stops(self) -> str: ...

    @property
    def precedence(self) -> int:
        return TOLD_LAST

    @property
    def pulls_everywhere(self) -> bool:
        return False

    @property
    def uses(self) -> str:
        return ""

    @property
    def caps_positions(self) -> bool:
        return False

    @property
    def floors_positions(self) -> bool:
        return False

    @property
    def forbids(self) -> str:
        return ""

    def allows(self, by: float) -> str:
        """What opening it by so much allows, as a thing to do: "allow AAPL to be sold"; "" where its new words say it."""
        return ""

    def bars(self, asset: Asset, held: float) -> str:
        """Why the asset may not be held, whatever else holds; "" where it may. held: its weight in the answer."""
        return ""

    def binds_group_of(self, asset: Asset) -> bool:
        """Whether it is a limit on a group that the asset belongs to: of several reasons to sell that one is told."""
        return False

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        """Why it asks for more (up) or less of the asset, where it is what moves it. reading: at the answer."""
        return f"{self.stops} asks for {'more' if up else 'less'} of it"

    def of_cash(self, held: float, *, up: bool) -> str:
        """What a limit on cash itself says where it binds; "" for every other. up: whether it asks for more cash."""
        return ""


class ObjectiveVoice(Reader, Protocol):
    """What an objective says of itself. `sense` says which way is better.

    charges_costs: False where costs (annual return) and objective (a variance) have no common unit; costs then keep silent.
    gamma: the risk aversion that was given; None where return and risk are not weighed by one.
    helpers, linear: what its helper columns and its linear part on weights pull for ("" helpers are those of trading costs).
    risk: the measure that is minimized, priced or divided by; None where it is the covariance's, or there is none.
    construction: which portfolio it refers to that was constructed beforehand, as the audit knows them: "risk budgets",
    "hierarchy", "average", "weights", "best ratio"; "" for none, and for one that the audit has no claims on.
    divides: whether it is a ratio by `risk`. about_benchmark: whether its risk is measured from the benchmark.
    left_alone: what it says of an asset that is not traded, where it seeks no trade for its own sake; "" where it does.
    without_value: why it may have no value at any portfolio that keeps the limits; "" where it always has one.
    """

    @property
    def kind(self) -> str: ...

    @property
    def sense(self) -> str: ...  # "maximize" or "minimize"

    @property
    def unit(self) -> str: ...

    @property
    def charges_costs(self) -> bool: ...

    @property
    def gamma(self) -> float | None:
        return None

    @property
    def helpers(self) -> str:
        return ""

    @property
    def linear(self) -> str:
        return "expected return"

    @property
    def construction(self) -> str:
        return ""

    @property
    def divides(self) -> bool:
        return False

    @property
    def left_alone(self) -> str:
        return ""

    @property
    def without_value(self) -> str:
        return ""

    @property
    def about_benchmark(self) -> bool:
        return False

    def describe(self) -> str: ...


class CostVoice(Reader, Protocol):
    """What a cost says of itself.

    is_commission: whether its money is told as commission; else as impact. model: its name in the document's cost model, ""
    where it is none. spans_periods: whether it can be charged in each of
    several periods, against the weights of the one before.
    """

    @property
    def kind(self) -> str: ...

    @property
    def is_commission(self) -> bool:
        return False

    @property
    def model(self) -> str:
        return ""

    @property
    def spans_periods(self) -> bool:
        return True

    def describe(self) -> str: ...

"""The first step of a plan over several periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import aversion, mapping, number, options, required

EXAMPLE = '{"kind": "multi_period", "risk_aversion": 4.0, "periods": 4, "years": 0.25}'
MOST_PERIODS = 60
PERIOD = ("years", "expected_returns", "volatility_scale")


@dataclass(frozen=True, slots=True)
class Period:
    """One period of the plan.

    years: its length. expected_returns: annual, by asset, where they differ from the problem's own.
    volatility_scale: the covariance of this period is this squared times the problem's.
    """

    years: float
    expected_returns: Mapping[str, float]
    volatility_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class MultiPeriod(Objective):
    """maximize over w_1 … w_K   1/H sum_k [ h_k (mu_k'w_k - gamma/2 w_k'Sigma_k w_k) - costs(w_k - w_(k-1)) ],  H = sum h_k

    w_0: the weights before the trade; every limit holds in every period, turnover and costs count from the period before.
    The plan is solved and certified as one program of K periods (construction/multi_period.py); its first step is the
    problem's target, and the answer is the portfolio nearest to it within the limits, which is that step itself.

    terminal: weights that the last period must end in, within `terminal_tolerance` an asset; empty is free.
    Weights are taken not to drift within a period (Boyd et al. (2017), Multi-period trading via convex optimization, 4).
    """

    risk_aversion: float
    periods: tuple[Period, ...]
    terminal: Mapping[str, float]
    terminal_tolerance: float = 0.0

    kind: ClassVar[str] = "multi_period"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "squared distance"
    charges_costs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        read = tuple(
            period if isinstance(period, Period) else _period(f"objective.periods[{k}]", period)
            for k, period in enumerate(self.periods)
        )
        object.__setattr__(self, "periods", read)

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        target = p.constructed()
        program.add_quadratic(program.weights, np.ones(p.n))
        program.add_linear(program.weights, -target)
        program.constant += 0.5 * float(target @ target)

    def value(self, w: Vector, p: Problem) -> float:
        away = w - p.constructed()
        return 0.5 * float(away @ away) + charges(w, p)

    def describe(self) -> str:
        years = sum(period.years for period in self.periods)
        ends = ", ending in given weights" if self.terminal else ""
        count = len(self.periods)
        over = f"{count} period{'s' if count != 1 else ''} ({years:g} year{'s' if years != 1 else ''})"
        return f"the first step of the best plan over {over}{ends}, at risk aversion {self.risk_aversion:g}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MultiPeriod:
        known = ("risk_aversion", "periods", "years", "expected_returns", "terminal", "terminal_tolerance")
        given = options("objective", spec, known, example=EXAMPLE)
        tolerance = given.get("terminal_tolerance")
        return cls(
            aversion(required("objective", given, "risk_aversion", example=EXAMPLE)),
            _periods(given),
            _by_asset("objective.terminal", given.get("terminal") or {}),
            0.0 if tolerance is None else number("objective.terminal_tolerance", tolerance, low=0.0, high=1.0, example="0.01"),
        )


def _periods(given: Mapping[str, Any]) -> tuple[Period, ...]:
    """A number of equal periods (`years` long each, with `expected_returns` a list by period), or a list that says each."""
    periods = required("objective", given, "periods", example=EXAMPLE)
    if isinstance(periods, Sequence) and not isinstance(periods, str):
        for name in ("years", "expected_returns"):
            if given.get(name) is not None:
                raise InvalidValue(
                    f"objective.{name}", given[name], "stands beside a list of periods, each of which says its own"
                )
        _require_count(len(periods))
        return tuple(_period(f"objective.periods[{k}]", item) for k, item in enumerate(periods))
    count = number("objective.periods", periods, low=1, high=MOST_PERIODS, example="4", counts="plain")
    if count != int(count):
        raise InvalidValue("objective.periods", periods, "must be a whole number", fix="write 4")
    years = number(
        "objective.years", required("objective", given, "years", example=EXAMPLE), low=1e-4, high=50.0, example="0.25"
    )
    returns = given.get("expected_returns") or []
    if len(returns) > count:
        raise InvalidValue("objective.expected_returns", len(returns), f"are more than the {int(count)} periods")
    named = [_by_asset(f"objective.expected_returns[{k}]", item) for k, item in enumerate(returns)]
    return tuple(Period(years, named[k] if k < len(named) else {}) for k in range(int(count)))


def _period(field: str, value: Any) -> Period:
    given = options(field, value, PERIOD, example='{"years": 0.25, "expected_returns": {"AAPL": 0.1}}')
    scale = given.get("volatility_scale")
    years = required(field, given, "years", example='{"years": 0.25}')
    return Period(
        number(f"{field}.years", years, low=1e-4, high=50.0, example="0.25", counts="plain"),
        _by_asset(f"{field}.expected_returns", given.get("expected_returns") or {}),
        1.0
        if scale is None
        else number(f"{field}.volatility_scale", scale, low=1e-3, high=100.0, example="1.5", counts="plain"),
    )


def _require_count(count: int) -> None:
    if not 1 <= count <= MOST_PERIODS:
        raise InvalidValue("objective.periods", count, f"a plan has between 1 and {MOST_PERIODS} periods")


def _by_asset(field: str, value: Any) -> dict[str, float]:
    given = mapping(field, value, example='{"AAPL": 0.1}')
    return {name: number(f"{field}.{name}", item, low=-10.0, high=10.0) for name, item in given.items()}

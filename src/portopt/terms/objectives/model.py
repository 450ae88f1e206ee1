"""Back within the bands of a model portfolio, with as little trading as that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.domain.universe import CASH
from portopt.domain.words import signed_percent
from portopt.terms.limits.model_bands import ModelBands
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options
from portopt.terms.shared.nearest import one_of

WAYS_BACK = ("edge", "target")
BETWEEN_BOOKS = 0.01  # k: decides between books of the same trading
SHORT_OF_TARGET = 10.0  # what a unit short of a target costs, in units traded
INSIDE = 1e-9  # of the portfolio: as far beyond an edge is arithmetic
EXAMPLE = '{"kind": "model", "to": "edge"}'


@dataclass(frozen=True, slots=True)
class Model(Objective):
    """minimize  1/2 sum_i |w_i - w_prev_i|  +  k/2 sum_i (w_i - t_i)^2                        ("edge")
                 … + 10 sum_m |S_m w - t_m|   over the m that are out of their bands        ("target")

    The model, its targets t and bands is limits.model_bands, which holds. "edge": what is out of its band goes to its edge and
    no further, and nothing else is traded but where the money of those trades goes: cash first, which costs nothing to move,
    then what is furthest from its target. "target": what is out of its band goes to its target. k = 0.01: it decides between
    books of the same trading alone, as a unit more traded is worth more than all that it could bring nearer. t_i is w_prev_i
    of an asset without a target of its own. Cash is not counted as traded.
    """

    to: str = "edge"

    kind: ClassVar[str] = "model"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "fraction"
    charges_costs: ClassVar[bool] = False
    helpers: ClassVar[str] = "turnover"
    linear: ClassVar[str] = "risk"  # -k t

    def __post_init__(self) -> None:
        one_of("to", self.to, WAYS_BACK)

    def express(self, program: Program, p: Problem) -> None:
        buys, sells = program.trade_columns(p.previous())
        counted = ~p.universe.is_cash
        program.add_linear(np.concatenate([buys[counted], sells[counted]]), 0.5)
        t = self.anchor(p)
        program.add_quadratic(program.weights, np.full(p.n, BETWEEN_BOOKS))
        program.add_linear(program.weights, -BETWEEN_BOOKS * t)
        program.constant += 0.5 * BETWEEN_BOOKS * float(t @ t)
        S, wanted = self._missed(p)
        if not len(wanted):
            return
        m, eye = len(wanted), sp.eye_array(len(wanted))
        over, under = program.add_columns(m, lower=0.0), program.add_columns(m, lower=0.0)
        block = sp.hstack([S, -eye, eye])
        program.add_rows(block, np.concatenate([program.weights, over, under]), wanted, wanted, limit="", relax=0.0)
        program.add_linear(np.concatenate([over, under]), SHORT_OF_TARGET)

    def value(self, w: Vector, p: Problem) -> float:
        traded = 0.5 * float(np.abs(w - p.previous())[~p.universe.is_cash].sum())
        apart = w - self.anchor(p)
        S, wanted = self._missed(p)
        short = SHORT_OF_TARGET * float(np.abs(S @ w - wanted).sum())
        return traded + 0.5 * BETWEEN_BOOKS * float(apart @ apart) + short + charges(w, p)

    def anchor(self, p: Problem) -> Vector:
        """(n,) t: the target of each asset that has one, the weight before the trade of each that has none."""
        model, now = bands_of(p), p.previous()
        return np.array([model.weights[a].target if a in model.weights else now[i] for i, a in enumerate(p.universe.ids)])

    def of_asset(self, i: int, p: Problem) -> str:
        model, name = bands_of(p), p.universe.ids[i]
        if name in model.weights:
            return f"its target is {signed_percent(model.weights[name].target)}"
        return "" if name == CASH else "the model has no target of its own for it"

    def describe(self) -> str:
        way = "to the edges of its bands" if self.to == "edge" else "to its targets where it is out of its bands"
        return f"the model portfolio, {way}, by the least trading"

    def _missed(self, p: Problem) -> tuple[sp.csr_array, Vector]:
        """S (m, n) and targets (m,) of what is out of its band before the trade, where it goes to its target."""
        model = bands_of(p)
        _, S = model.rows(p.universe)
        if self.to == "edge":
            return S[:0], np.zeros(0)
        low, high = model.edges(p)
        now = S @ p.previous()
        out = (now < low - INSIDE) | (now > high + INSIDE)
        targets = np.array([target.target for target in model.targets(p.universe)])
        return S[out], targets[out]

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Model:
        given = options("objective", spec, ("to",), example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})


def bands_of(p: Problem) -> ModelBands:
    """The model that the limits hold. Raises MissingInput where they hold none."""
    asked = [limit.asked for limit in p.limits]
    found = next((limit for limit in asked if isinstance(limit, ModelBands)), None)
    if found is None:
        fix = 'add limits.model_bands: {"weights": {"AAPL": 0.6, "CASH": 0.4}, "band": "5/25"}'
        raise MissingInput(
            "the objective model needs a model portfolio: limits.model_bands", field="limits.model_bands", fixes=[fix]
        )
    return found

"""What an answer's weights do when expected returns, the risk aversion or a limit move, and for how far.

    dw/dmu          an operator, and the whole matrix where it is asked for
    dw/dgamma       w is linear in 1/gamma: dw/dgamma = -(1/gamma^2) dw/d(1/gamma), and the distance is exact
    dw/d(limit)     for every limit that presses, per natural unit of opening it; member by member, and as a whole

Distances are to the next change of what binds, on both sides. Where weights are linear in the parameter they are exact;
where a risk cone or a Sharpe ratio bends them they are first-order estimates until `confirm` re-solves for them.
Everything else about a problem (its risk-free rate, another benchmark) goes through `towards`: the derivative along the way
to any problem of the same terms, from the difference of the two assembled forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.sensitivity import Derivative, Sensitivities
from portopt.domain.solution import RawAnswer, Solution
from portopt.optimization.assemble import assemble
from portopt.optimization.frontier.basis import Singular, TooWide
from portopt.optimization.prices.binding_words import names_of, weak_spots
from portopt.optimization.prices.limit_steps import Opening, difference, openings
from portopt.optimization.prices.neighbourhood import Change, Local, Response
from portopt.optimization.prices.own_unit import OwnUnit
from portopt.optimization.prices.shadow_prices import shadow_prices
from portopt.optimization.prices.solved_beside import held, held_answer, solve_again

STRAIGHT = 1e-14  # of an annual variance: a quadratic that changes less is the same
CONFIRMING = 40  # halvings of a distance that is confirmed by solving


class NotDetermined(DataError):
    """The weights of this answer are not the only ones as good, or it is no polished optimum: it has no derivative."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this answer has no derivative: {why}", field="solution")


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """From one problem to another. weights: (n,) change over the whole way. reach: the part of it, 1.0 is all, on which the
    same limits bind; until: what binds or lets go there. back, until_back: the same on the way that leads away from it.
    is_exact: False where weights are curved on it.
    """

    weights: Vector
    reach: float
    until: str
    is_exact: bool
    back: float = 0.0
    until_back: str = ""


class Linearization:
    """The neighbourhood of one answer, ready to be asked. Raises NotDetermined."""

    def __init__(self, problem: Problem, form: StandardForm, solution: Solution) -> None:
        raw = solution.raw
        if raw is None or raw.x is None or raw.duals is None or not raw.polished:
            raise NotDetermined("it was not polished, so what binds is known only approximately")
        self.problem, self.asked, self.answer, self.n = problem, form, raw, problem.n
        self.x: Vector = raw.x
        # Whole numbers do not move: beside them the answer is the optimum of a program without any.
        self.form, self.raw = held(form, raw.x), held_answer(form, raw)
        try:
            self.local = Local(self.form, self.raw)
        except Singular:
            raise NotDetermined("what binds does not determine the weights") from None
        except TooWide:
            raise NotDetermined("the program is too wide for it") from None

    def to_returns(self, change: Vector) -> Vector:
        """dw (n,) per unit along a change of expected returns (n,): the matrix of derivatives times it."""
        moments = replace(self.problem.moments, mu=self.problem.moments.mu + change)
        return self.towards(self.problem.replaced(moments=moments))

    def towards(self, other: Problem) -> Vector:
        """dw (n,) at the beginning of the straight way from this problem's form to that of `other`."""
        return self._response(difference(self.form, held(assemble(other), self.x), self.raw, self.local.gamma)).x[: self.n]

    def way_to(self, other: Problem) -> Way:
        """The straight way from this problem to `other`, of the same terms: how weights move on it, and how far that holds.

        A risk aversion is gone along by its inverse, in which weights are linear where nothing bends them.
        """
        there = held(assemble(other), self.x)
        change, scale = difference(self.form, there, self.raw, self.local.gamma), 1.0
        before, after = self.problem.objective.gamma, other.objective.gamma
        if before is not None and after is not None and before != after:
            # At gamma' the same weights are best for (gamma/gamma') times the objective, whose quadratic is the one here.
            scale = before / after
            change = replace(change, gradient=change.gradient + (scale - 1.0) * (there.P_times(self.x) + there.q))
        response = self._response(change)
        (reach, until), (back, until_back) = self._reach(response)
        probe = np.cos(np.arange(self.form.n_columns))
        bends = float(np.abs(scale * there.P_times(probe) - self.form.P_times(probe)).max(initial=0.0)) > STRAIGHT
        bends |= bool(abs(there.A - self.form.A).max() > 0.0) if there.A.nnz else False
        is_exact = not self.local.is_curved and not bends
        return Way(response.x[: self.n], reach, until, is_exact, back, until_back)

    def returns_matrix(self) -> Matrix:
        """(n, n), entry [i, j] = dw_i / dmu_j."""
        return np.column_stack([self.to_returns(row) for row in np.eye(self.n)])

    def to_risk_aversion(self) -> Derivative | None:
        """dw/dgamma; None where the objective has no risk aversion. The range of 1/gamma is turned into gamma's."""
        objective = self.problem.objective
        gamma = objective.gamma
        if gamma is None:
            return None
        doubled = replace(objective, risk_aversion=2.0 * gamma)  # type: ignore[type-var]
        there = held(assemble(self.problem.replaced(objective=doubled)), self.x)
        change = difference(self.form, there, self.raw, 1.0)
        # form(gamma) = gamma F1 + F0 and the difference is gamma F1: what is left over is F0, whose price is 1/gamma.
        whole = difference(replace(self.form, quadratics=(), q=np.zeros(self.form.n_columns)), self.form, self.raw, 1.0)
        rest = whole.gradient - change.gradient
        response = self._response(replace(Change.none(self.form), gradient=gamma * rest))
        (tau_up, when_up), (tau_down, when_down) = self._reach(response)
        tau = 1.0 / gamma
        return Derivative(
            "risk_aversion",
            -response.x[: self.n] * tau**2,
            up=np.inf if tau_down >= tau else 1.0 / (tau - tau_down) - gamma,
            down=gamma if not np.isfinite(tau_up) else gamma - 1.0 / (tau + tau_up),
            until_up="" if tau_down >= tau else when_down,
            until_down=when_up,
            unit="risk aversion",
            is_exact=not self.local.is_curved,
        )

    def to_limits(self, *, confirm: bool = False, limit: str | None = None) -> tuple[Derivative, ...]:
        """One for every binding member of every limit, then one for each limit with several; the dearest first.

        limit: of this one alone.
        """
        prices = shadow_prices(self.problem, self.asked, self.answer)
        found = []
        for opening in openings(self.problem, self.asked, self.answer):
            if opening.is_fixed(self.local.program) or limit not in (None, opening.limit):
                continue
            derivative = self._to_limit(opening, sum(p.worth_per_unit for p in prices if opening.covers(p)))
            found.append(self._confirmed(derivative, opening) if confirm and not derivative.is_exact else derivative)
        return tuple(sorted(found, key=lambda d: (-(d.worth_per_unit or 0.0), d.limit, d.member)))

    def _to_limit(self, opening: Opening, worth: float) -> Derivative:
        response = self._response(opening.change(self.form, self.raw))
        (up, until_up), (down, until_down) = self._reach(response)
        ceiling = opening.other_bound(self.form, self.raw)
        if ceiling < up:
            up, until_up = ceiling, "another limit takes its place"
        return Derivative(
            "limit",
            response.x[: self.n],
            up,
            down,
            until_up,
            until_down,
            unit=opening.unit,
            limit=opening.limit,
            member=opening.member,
            side=opening.side,
            worth_per_unit=worth,
            worth_unit=OwnUnit(self.problem, self.form, self.x).name,
            is_exact=not self.local.is_curved,
        )

    def _response(self, change: Change) -> Response:
        try:
            return self.local.respond(change)
        except Singular:
            raise NotDetermined("cash at the risk-free rate can be mixed in without changing the ratio") from None

    def _reach(self, response: Response) -> tuple[tuple[float, str], tuple[float, str]]:
        out = []
        for steps in response.steps:
            slot = int(steps.argmin()) if len(steps) else -1
            distance = float(steps[slot]) if slot >= 0 else np.inf
            out.append((distance, names_of(self.problem, self.form, self.local, slot) if np.isfinite(distance) else ""))
        return out[0], out[1]

    def _confirmed(self, derivative: Derivative, opening: Opening) -> Derivative:
        """The distances found by solving again: what binds is the same up to them and another beyond."""
        here = _what_binds(self.raw)

        def same(step: float) -> bool:
            form = opening.opened(self.form, step)
            return _what_binds(solve_again(form, self.raw)) == here

        return replace(
            derivative,
            up=_confirm(derivative.up, same),
            down=_confirm(derivative.down, lambda step: same(-step)),
            confirmed=True,
        )


def sensitivities(
    problem: Problem, form: StandardForm, solution: Solution, *, returns: bool = False, confirm: bool = False
) -> Sensitivities:
    """Every derivative of one answer. returns: the (n, n) matrix too. confirm: re-solve for distances that are estimates.

    Raises NotDetermined.
    """
    near = Linearization(problem, form, solution)
    return Sensitivities(
        to_risk_aversion=near.to_risk_aversion(),
        to_limits=near.to_limits(confirm=confirm),
        to_expected_returns=near.returns_matrix() if returns else None,
        degenerate=weak_spots(problem, form, near.local),
        is_unique=not near.local.moved,
    )


def _what_binds(raw: RawAnswer) -> bytes:
    if raw.x is None or raw.duals is None:
        return b""
    cones = [float(np.abs(z).max(initial=0.0)) > 0.0 for z in raw.duals.cones]
    return bytes(np.concatenate([np.sign(raw.duals.rows), np.sign(raw.duals.bounds), cones]).astype(np.int8).tobytes())


def _confirm(estimate: float, same: Callable[[float], bool]) -> float:
    """The largest step, near the estimate, up to which `same` holds; inf where it holds far beyond it."""
    if estimate <= 0.0:
        return 0.0
    low, high = 0.0, estimate if np.isfinite(estimate) else 1.0
    for _ in range(8):
        if not same(high):
            break
        low, high = high, 2.0 * high
    else:
        return np.inf
    for _ in range(CONFIRMING):
        if high - low <= 1e-9 * high:
            break
        middle = 0.5 * (low + high)
        low, high = (middle, high) if same(middle) else (low, middle)
    return low

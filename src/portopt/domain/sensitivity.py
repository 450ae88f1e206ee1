"""How an answer moves when the question does: derivatives of the weights, and over which distance they hold."""

from __future__ import annotations

from dataclasses import dataclass

from portopt.domain.arrays import Matrix, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Derivative:
    """dw / d(parameter) at an answer.

    parameter: "risk_aversion", "risk_free_rate", "expected_return" or "limit". limit, member: which limit, and whose of it
    ("" for the limit as a whole: all its members opened together). side: the one it presses on, "" for a whole limit.
    unit: what one unit of the parameter is. A limit is opened by it: an upper side raised, a lower one lowered.
    weights: (n,) change of each weight per unit. worth_per_unit: what opening is worth at the margin, per unit, by the
    multipliers, in the objective's own unit, worth_unit ("return" is an annual fraction); None for what is no limit.
    up, down: how many units the parameter may rise and fall before another set of limits binds; inf where nothing changes.
    until_up, until_down: what binds or lets go there, in words. is_exact: False where weights are curved in the parameter
    (a risk cone, a Sharpe ratio), so that the distances are first-order estimates; `confirmed` then tells that re-solving
    found them.
    """

    parameter: str
    weights: Vector
    up: float
    down: float
    until_up: str
    until_down: str
    unit: str = ""
    limit: str = ""
    member: str = ""
    side: str = ""
    worth_per_unit: float | None = None
    worth_unit: str = ""
    is_exact: bool = True
    confirmed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivities:
    """Everything that can be said about how one answer moves.

    to_risk_aversion: None where the objective has none. to_expected_returns: (n, n), entry [i, j] = dw_i / dmu_j, None
    where it was not asked for. to_limits: members one by one, and each limit with several binding members as a whole.
    degenerate: what binds without pressing or presses without choice, in words: there derivatives are one-sided, and a
    distance of zero says on which side they do not hold. is_unique: False where other weights are as good.
    """

    to_risk_aversion: Derivative | None
    to_limits: tuple[Derivative, ...]
    to_expected_returns: Matrix | None
    degenerate: tuple[str, ...]
    is_unique: bool

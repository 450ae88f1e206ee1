"""What is wished in place of a policy's own words, laid over it in one order, whoever asks.

    1. the request of another service: its objective, limits, costs, views and rates
    2. a goal, and the measure of risk that belongs to it
    3. changes by dotted path
    4. limits by name
    5. fractions of a share

What comes later wins. After each step the policy is checked as a whole, so that a word is used or refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from portopt.dialects.policies import checked, override
from portopt.dialects.portfolio import Wish
from portopt.domain.action import Action
from portopt.domain.canonical import plain
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy
from portopt.terms.wished import laid_over_limits

OWN_GOAL = "policy"
USUAL_MEASURE = "volatility"
MEASURED_GOALS = ("min_risk", "max_sharpe", "risk_parity", "hierarchical")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is empty leaves the policy's own word.

    foreign: the request of another service, read. goal: a catalog name, or "policy". changes: {dotted path: value}, as
    {"limits.max_weight": 0.12}. limits: {catalog name: value}. None takes a limit out. fractional: fractions of a share or not.
    cash_flow, no_worse: as a rebalance request has them. look_through: what funds are made of, by fund.
    confirmed_shares, splits, actions: what is said of the shares that are held; a split is new shares for each old one.
    """

    foreign: Wish | None = None
    goal: str = OWN_GOAL
    risk_measure: str = USUAL_MEASURE
    changes: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    fractional: bool | None = None
    cash_flow: CashFlow | None = None
    no_worse: bool = False
    look_through: Mapping[str, Any] = field(default_factory=dict)
    confirmed_shares: tuple[str, ...] = ()
    splits: Mapping[str, Fraction] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()

    @property
    def names_an_aim(self) -> bool:
        """Whether anything is sought in place of what the policy seeks."""
        foreign = self.foreign is not None and self.foreign.objective is not None
        return foreign or self.goal != OWN_GOAL or any(path.split(".")[0] == "objective" for path in self.changes)


def laid_over(policy: Policy, wishes: Wishes) -> Policy:
    """Steps 2 to 5. Raises UnknownField or InvalidValue for a word that no catalog knows, and for a value out of range."""
    policy = _with_goal(policy, wishes.goal, wishes.risk_measure)
    policy = override(policy, wishes.changes) if wishes.changes else policy
    return _with_fractions(_with_limits(policy, wishes.limits), wishes.fractional)


def _with_goal(policy: Policy, goal: str, measure: str) -> Policy:
    if goal != OWN_GOAL:
        return checked(dataclasses.replace(policy, objective=objective_of(goal, measure)))
    if measure != USUAL_MEASURE:
        why = "needs a goal that it belongs to"
        raise InvalidValue("risk_measure", measure, why, fix="choose the goal min_risk or max_sharpe")
    return policy


def objective_of(goal: str, measure: str) -> dict[str, Any]:
    """The two words as an objective of the catalog, the goal by any name that people have for it.

    Raises InvalidValue for a goal that has no such measure.
    """
    from portopt.terms.catalog import objective_words

    words: dict[str, Any] = dict(objective_words(goal))
    if measure == USUAL_MEASURE:
        return words
    if words["kind"] not in MEASURED_GOALS or "measure" in words:
        why = f"has no part in the goal {goal}"
        raise InvalidValue("risk_measure", measure, why, fix="choose volatility, or the goal min_risk or max_sharpe")
    return {**words, "kind": "max_ratio" if words["kind"] == "max_sharpe" else words["kind"], "measure": measure}


def _with_limits(policy: Policy, limits: Any) -> Policy:
    if not isinstance(limits, Mapping):
        raise InvalidValue("limits", limits, "is not a map of limit names to values", fix='write {"max_weight": 0.1}')
    if not limits:
        return policy
    from portopt.terms.catalog import limit_words

    merged: dict[str, Any] = plain(laid_over_limits(policy.limits, limit_words(limits)))
    return checked(dataclasses.replace(policy, limits={name: value for name, value in merged.items() if value is not None}))


def _with_fractions(policy: Policy, fractional: bool | None) -> Policy:
    if fractional is None:
        return policy
    return dataclasses.replace(policy, trading=dataclasses.replace(policy.trading, fractional=fractional))

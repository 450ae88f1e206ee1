"""`risk_parameters.beliefs`: a name for beliefs that were uploaded before, in place of matrices in every request."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from portopt.dialects.reading import shown, text
from portopt.dialects.strategy_moments import Given, read_expected_returns
from portopt.domain.arrays import Vector
from portopt.domain.beliefs import Beliefs
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH

FIELD = "risk_parameters.beliefs"
NamedBeliefs: TypeAlias = Callable[[str, Sequence[str]], Beliefs]  # of an id and assets in an order, the covariance dense


def read_beliefs(
    ids: Sequence[str],
    strategies: Sequence[Mapping[str, Any]],
    risk: Mapping[str, Any],
    choice: EstimationChoice,
    rf: float,
    named: NamedBeliefs | None,
) -> tuple[Given, EstimationChoice]:
    """What the named beliefs say of these strategies, in the order of `ids`, and the estimation with their own year.

    An expected_return of a strategy wins over theirs. Raises InvalidValue for what stands beside them and would be ignored,
    MissingInput where they say too little.
    """
    if named is None:
        raise InvalidValue(FIELD, shown(risk["beliefs"]), "there is no store of beliefs to look them up in",
                           fix="give covariance and expected_return, or returns")  # fmt: skip
    _require_alone(strategies, risk)
    beliefs = named(text(risk["beliefs"], FIELD), ids)
    mu = _expected_returns(ids, strategies, beliefs, rf)
    if beliefs.returns is None and (beliefs.covariance is None or (bool(np.isnan(mu).any()) and not risk.get("views"))):
        lacks = "a covariance" if beliefs.covariance is None else "expected returns"
        raise MissingInput(
            f"the beliefs {risk['beliefs']} hold neither {lacks} nor returns to estimate from",
            field=FIELD,
            value=risk["beliefs"],
            fixes=["upload beliefs that hold both", "give every strategy expected_return"],
        )
    given = Given(None if bool(np.isnan(mu).all()) else mu, beliefs.covariance, beliefs.returns, beliefs.periods_per_year)
    return given, _with_their_year(choice, risk, beliefs)


def _require_alone(strategies: Sequence[Mapping[str, Any]], risk: Mapping[str, Any]) -> None:
    beside = [(f"risk_parameters.{name}", risk[name]) for name in ("covariance", "correlation") if risk.get(name) is not None]
    for i, s in enumerate(strategies):
        beside += [(f"strategies[{i}].{name}", s[name]) for name in ("returns", "volatility") if s.get(name) is not None]
        if beside:
            place, value = beside[0]
            raise InvalidValue(place, shown(value), f"stands beside {FIELD}, which says the same; give one",
                               fix=f"leave {place} out, or {FIELD}")  # fmt: skip


def _expected_returns(ids: Sequence[str], strategies: Sequence[Mapping[str, Any]], beliefs: Beliefs, rf: float) -> Vector:
    """(n,) given, else believed, NaN where neither; cash earns the risk-free rate unless one of them says otherwise."""
    column = read_expected_returns(strategies)
    given = dict(zip((s["id"] for s in strategies), column.tolist(), strict=True))
    mu = np.array([given[asset_id] for asset_id in ids], dtype=np.float64)
    if beliefs.expected_returns is not None:
        mu = np.where(np.isnan(mu), beliefs.expected_returns, mu)
    cash = [i for i, asset_id in enumerate(ids) if asset_id == CASH]
    mu[cash] = np.where(np.isnan(mu[cash]), rf, mu[cash])
    return mu


def _with_their_year(choice: EstimationChoice, risk: Mapping[str, Any], beliefs: Beliefs) -> EstimationChoice:
    theirs, asked = beliefs.periods_per_year, risk.get("periods_per_year")
    if theirs is None:
        return choice
    if asked is not None and float(asked) != theirs:
        raise InvalidValue("risk_parameters.periods_per_year", asked, f"the beliefs {risk['beliefs']} say {theirs:g}",
                           fix="leave it out")  # fmt: skip
    return dataclasses.replace(choice, periods_per_year=theirs)

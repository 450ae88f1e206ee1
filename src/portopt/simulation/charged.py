"""What the ledger charges where nobody says: what the policy itself expects a trade to cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from portopt.domain.backtest import Execution
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.request import Policy

# Not charged on an order, or by asset: said in a note.
WHOLE_HALF_SPREAD = 2.0
NAMES = tuple(field.name for field in fields(Execution))


def charged_by_policy(policy: Policy, execution: Execution = Execution()) -> tuple[Execution, tuple[str, ...]]:
    """The execution with the policy's costs, and a note on each of them that the ledger charges otherwise, or not.

    A flat fee is the least commission of an order; half-spread and linear impact add up; rates by asset count at their largest.
    """
    flat = per_value = half_spread = 0.0
    impact = borrow = 0.0
    notes: list[str] = []
    for kind, cost in policy.costs.items():
        said = cost if isinstance(cost, Mapping) else {"bps": cost}
        if kind == "commission":
            flat, per_value = flat + float(said.get("per_trade", 0.0)), per_value + float(said.get("bps", 0.0))
        elif kind in ("linear_impact", "spread"):
            half_spread += _rate(kind, "bps", said, notes)
        elif kind == "square_root_impact":
            impact += _rate(kind, "coefficient", said, notes)
        elif kind == "borrow":
            borrow += _rate(kind, "rate", said, notes)
        else:
            notes.append(f"The ledger does not charge the policy's {kind}: only the decisions count it")
    charged = replace(
        execution,
        minimum_fee=flat,
        commission_bps=per_value,
        spread_bps=WHOLE_HALF_SPREAD * half_spread,
        impact=impact,
        borrow_rate=borrow,
    )
    return charged, tuple(notes)


def _rate(kind: str, name: str, said: Mapping[str, Any], notes: list[str]) -> float:
    """One number for all assets: the largest, where there are several."""
    value = said.get(name, 1.0 if name == "coefficient" else 0.0)
    if not isinstance(value, Mapping):
        return float(value)
    most = max(float(rate) for rate in value.values())
    notes.append(f"The ledger charges {kind} at its largest rate, {most:g}, for every asset")
    return most


def execution_with(execution: Execution, changes: Mapping[str, Any]) -> Execution:
    """The execution with what was asked for. Raises UnknownField, InvalidValue."""
    for name, value in changes.items():
        if name not in NAMES:
            raise UnknownField(name, NAMES, path="costs", value=value)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number and not (name == "participation" and value is None) and name != "fractional":
            raise InvalidValue(f"costs.{name}", value, "is not a number", fix=f"write costs.{name}=5")
    return replace(execution, **changes)

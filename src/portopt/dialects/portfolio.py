"""S2, the portfolio optimization service: its constraints and its rebalance request under our catalog's names.

The surfaces themselves (REST, gRPC) come with the service; the words are settled here, once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portopt.dialects.names import S2_LIMITS, in_users_words
from portopt.dialects.reading import flag, number, object_of, one_of, shown
from portopt.dialects.records import RANGES, json_object
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy

TARGETS = ("optimal", "custom", "benchmark")
REBALANCE = ("target_type", "constraints")
REBALANCE_CONSTRAINTS = ("max_turnover", "min_trade_size", "max_trades", "consider_tax_implications")

# Known to S2, and what it takes to honour them is not in this version: refused by name, never ignored.
NOT_YET: Mapping[str, str] = {
    "min_position_size": "a position that is zero or at least this size needs integer columns in the program",
    "max_trades": "a cap on the number of trades needs integer columns in the program",
}


@dataclass(frozen=True, slots=True)
class RebalanceWish:
    """S2's rebalance request. limits: under catalog names. min_trade_value: money, None where not said."""

    target_type: str
    limits: Mapping[str, Any]
    min_trade_value: float | None

    def applied_to(self, policy: Policy) -> Policy:
        """The policy with these wishes in place of its own words."""
        trading = policy.trading
        if self.min_trade_value is not None:
            trading = dataclasses.replace(trading, min_trade_value=self.min_trade_value)
        return dataclasses.replace(policy, limits={**policy.limits, **self.limits}, trading=trading)


def read_rebalance(doc: Any) -> RebalanceWish:
    """S2's POST /portfolios/{id}/rebalance body. Raises UnknownField or InvalidValue with the dotted path."""
    found = object_of(doc, "", REBALANCE)
    target = one_of(found.get("target_type") or "optimal", "target_type", TARGETS)
    if target != "optimal":
        raise InvalidValue("target_type", target, "is known but not available in this version", fix="use 'optimal'")
    limits, min_trade_value = read_rebalance_constraints(found.get("constraints") or {})
    return RebalanceWish(target, limits, min_trade_value)


def read_rebalance_constraints(doc: Any, path: str = "constraints") -> tuple[dict[str, Any], float | None]:
    """Limits under catalog names, and the smallest trade in money (None where not said). Raises as read_rebalance does."""
    found = object_of(doc, path, REBALANCE_CONSTRAINTS)
    _refuse_not_yet(found, path)
    taxes = found.get("consider_tax_implications")
    if taxes is not None and flag(taxes, f"{path}.consider_tax_implications"):
        why = "taxes are not estimated in this version: holdings carry no tax lots"
        raise InvalidValue(f"{path}.consider_tax_implications", True, why, fix="leave it out, or write false")
    smallest = found.get("min_trade_size")
    low, high = RANGES["min_trade_value"]
    return (
        _checked({"max_turnover": found.get("max_turnover")}, path, S2_LIMITS),
        None if smallest is None else number(smallest, f"{path}.min_trade_size", low=low, high=high),
    )


def read_constraints(doc: Any, path: str = "constraints") -> dict[str, Any]:
    """S2's OptimizationConstraints as limits of our catalog. Raises UnknownField or InvalidValue with the dotted path.

    A scalar (max_position_size) stands for every asset that the map beside it (max_weights) does not name.
    """
    found = json_object(object_of(doc, path, (*S2_LIMITS, *NOT_YET)), path)
    _refuse_not_yet(found, path)
    by_name = found.pop("max_weights", None)
    if by_name is not None:
        if not isinstance(by_name, Mapping):
            raise InvalidValue(f"{path}.max_weights", shown(by_name), "an object of weights by asset belongs here")
        scalar = found.pop("max_position_size", None)
        everyone = {} if scalar is None else {"*": number(scalar, f"{path}.max_position_size", low=0.0, high=1.0)}
        found["max_weights"] = {**everyone, **by_name}
    return _checked(found, path, S2_LIMITS)


def _refuse_not_yet(found: Mapping[str, Any], path: str) -> None:
    for name, why in NOT_YET.items():
        if found.get(name) is not None:
            fix = f"leave {name!r} out"
            raise InvalidValue(f"{path}.{name}", shown(found[name]), f"is not available in this version: {why}", fix=fix)


def _checked(found: Mapping[str, Any], path: str, table: Mapping[str, str]) -> dict[str, Any]:
    """The limits under our names, once the catalog has accepted them; complaints are in the user's names."""
    from portopt.terms.catalog import parse_limits

    given = {name: value for name, value in found.items() if value is not None}
    limits = {table[name]: value for name, value in given.items()}
    with in_users_words({f"limits.{table[name]}": f"{path}.{name}" for name in given}):
        parse_limits(limits)
    return limits

"""What S2 sends to be worked out: its own words, and beside them which data, which policy and whose approval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from portopt.dialects.exact import read_date
from portopt.dialects.names import S2_LIMITS, in_vocabulary
from portopt.dialects.portfolio import (
    OPTIMIZATION,
    REBALANCE,
    Wish,
    read_constraints,
    read_money,
    read_optimization,
    read_rebalance,
)
from portopt.dialects.reading import mapping_of, number, object_of, text
from portopt.domain.errors import InfeasibleRequest, InvalidValue

OURS = ("as_of", "pricing_pack_id", "policy", "provider", "approval_hours")
ON_DATA = ("as_of", "pricing_pack_id", "policy", "provider")
TRADED = ("constraints", "cash_flow", "no_worse", "confirmed_shares", "splits")  # of a question that a trade is part of
MOST_HOURS = 168.0
KINDS: Final = ("optimization", "rebalance")


@dataclass(frozen=True, slots=True)
class Submission:
    """body: word for word. wish: what is asked in place of the policy's words.

    as_of: prices up to this day; pricing_pack_id: exactly these; neither is the newest there are. policy, provider: else the
    portfolio's. approval_hours: how long a person may take to approve; 0 releases at once.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    wish: Wish = field(default_factory=Wish)
    as_of: date | None = None
    pricing_pack_id: str | None = None
    policy: str | None = None
    provider: str | None = None
    approval_hours: float = 0.0

    @property
    def names_its_data(self) -> bool:
        """Whether the same words mean the same data tomorrow."""
        return self.as_of is not None or self.pricing_pack_id is not None


def read_submission(doc: Any, kind: str) -> Submission:
    """kind: of KINDS. Raises MalformedDocument, UnknownField, InvalidValue or MissingInput with the dotted path."""
    words = OPTIMIZATION if kind == "optimization" else REBALANCE
    found = object_of(doc, "", (*words, *OURS))
    theirs = {name: value for name, value in found.items() if name not in OURS}
    wish = read_optimization(theirs) if kind == "optimization" else read_rebalance(theirs)
    hours = found.get("approval_hours")
    return Submission(
        body=found,
        wish=wish,
        approval_hours=0.0 if hours is None else number(hours, "approval_hours", low=0.0, high=MOST_HOURS),
        **_data(found),
    )


def read_on_data(found: Mapping[str, Any]) -> Submission:
    """The data and the policy that a question about a portfolio names; S2's constraints, and money, where it has any."""
    limits = read_constraints(found.get("constraints") or {})
    return Submission(body=found, wish=Wish(limits=limits, **read_money(found)), **_data(found))


def _data(found: Mapping[str, Any]) -> dict[str, Any]:
    words = {name: text(found[name], name) for name in ("pricing_pack_id", "policy", "provider") if found.get(name) is not None}
    as_of = found.get("as_of")
    if "pricing_pack_id" in words and "provider" in words:
        raise InvalidValue("provider", words["provider"], "stands beside pricing_pack_id: the prices come from one of the two")
    return {**words, "as_of": None if as_of is None else read_date(as_of, "as_of")}


def in_asked_words(problem: Mapping[str, Any] | None, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """A problem object in the words that the body used for its limits.

    >>> in_asked_words({"detail": "max_weight 0.05"}, {"constraints": {"max_position_size": 0.05}})
    {'detail': 'max_position_size 0.05'}
    """
    if problem is None:
        return None
    given = body.get("constraints")
    asked = mapping_of(given, "constraints") if isinstance(given, Mapping) else {}
    names = {S2_LIMITS[name]: name for name in asked if S2_LIMITS.get(name, name) != name}
    return {name: _spoken(value, names) for name, value in problem.items()} if names else dict(problem)


@contextmanager
def infeasible_in_words_of(body: Mapping[str, Any]) -> Iterator[None]:
    """Raises a diagnosis from inside again, in the words that the body used for its limits."""
    try:
        yield
    except InfeasibleRequest as error:
        told = in_asked_words(error.problem(), body) or {}
        asked = told["asked"]
        raise InfeasibleRequest(
            told["detail"], field=asked["field"], value=asked["value"], measured=told["measured"], fixes=told["fixes"]
        ) from None


def _spoken(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return in_vocabulary(value, names)
    if isinstance(value, Mapping):
        return {names.get(name, name): _spoken(item, names) for name, item in value.items()}
    return [_spoken(item, names) for item in value] if isinstance(value, list | tuple) else value

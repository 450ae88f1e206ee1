"""What a desk wants this week beside its policy, in a desk's words: money in and out, and what may be traded.

deposit, withdraw       money in the portfolio's currency; by: when it is due; rebalance: whether a withdrawal goes with the
                        policy's aim too
buy_only, sell_only     nothing sold, nothing bought
do_not_buy, do_not_sell, keep
                        whom not to trade: ["AAPL", {"sector": "Energy"}] or "AAPL, sector:Energy"
max_trades, names       at most so many trades, at most so many positions
no_worse                limits that are missed already are not mended, only not missed by more
model                   a model portfolio with bands: back within them by the least trading (model.py)
look_through            what funds are made of, {"VT": {"sector": {"Technology": 0.25}}}: limits see through them
confirm_shares          ["AAPL"]: what is held of it is of the day of the prices, whatever it looks like
split                   {"AAPL": "4:1"} or "AAPL=4:1": what is held is of before that split; shares and lots are converted
actions                 what happened to shares, as values: a split that is not in the holdings yet is asked about
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.intake.book import day_of
from portopt.intake.book import money_in as exactly
from portopt.intake.converted import assets_of, splits_of
from portopt.intake.model import model_words
from portopt.intake.policy import Wishes

LISTS = ("do_not_buy", "do_not_sell", "keep")
FLAGS = ("buy_only", "sell_only")
COUNTS = {"max_trades": "max_trades", "names": "max_positions"}
OF_SHARES = ("confirm_shares", "split", "actions")  # of what is held, whether anything is traded or not
# Questions that no trade is part of, and what they are of.
UNTRADED = {
    "factors": "the book as it is held",
    "forecasts": "estimators on the prices there are",
    "views": "what is believed of returns",
}
GROUPS = {
    "sector": "sector",
    "asset_class": "asset_class",
    "asset class": "asset_class",
    "class": "asset_class",
    "account": "account",
}


class Wanted(TypedDict, total=False):
    """The words above. What is absent, None, false or empty is not wanted."""

    deposit: Any
    withdraw: Any
    by: date | str | None
    rebalance: bool
    buy_only: bool
    sell_only: bool
    do_not_buy: Any
    do_not_sell: Any
    keep: Any
    max_trades: int | None
    names: int | None
    no_worse: bool
    model: Any
    look_through: Any
    confirm_shares: Any
    split: Any
    actions: Any


def with_wanted(wishes: Wishes, wanted: Wanted, said: Callable[[str], str] = str) -> Wishes:
    """The wishes with these words among them, as limits of the catalog. said: how a word is spelled where it was asked.

    Raises UnknownField, InvalidValue for what is no amount, no day, no list, and for money that comes and goes at once.
    """
    known = Wanted.__annotations__
    for name in wanted:
        if name not in known:
            raise UnknownField(name, known, path="wanted", value=wanted[name])  # type: ignore[literal-required]
    limits = {**wishes.limits, **_limits(wanted, said)}
    flow = _flow(wanted, said) or wishes.cash_flow
    changes = wishes.changes
    if wanted.get("model") is not None:
        bands, objective = model_words(wanted["model"], said("model"))
        limits, changes = {**limits, **bands}, {"objective": objective, **changes}
    composition = _composition(wanted.get("look_through"), said) or wishes.look_through
    no_worse = bool(wanted.get("no_worse")) or wishes.no_worse
    wishes = dataclasses.replace(wishes, limits=limits, changes=changes, look_through=composition)
    return dataclasses.replace(wishes, cash_flow=flow, no_worse=no_worse, **_of_shares(wanted, said))


def _of_shares(wanted: Wanted, said: Callable[[str], str]) -> dict[str, Any]:
    """What is said of the shares that are held, beside prices of another day."""
    confirmed, split = wanted.get("confirm_shares"), wanted.get("split")
    found: dict[str, Any] = {"confirmed_shares": assets_of(said("confirm_shares"), confirmed)} if confirmed else {}
    found |= {"splits": splits_of(said("split"), split)} if split else {}
    return found | ({"actions": tuple(wanted["actions"])} if wanted.get("actions") else {})


def require_untraded(question: str, wanted: Mapping[str, Any], said: Callable[[str], str] = str) -> None:
    """Raises InvalidValue for a word that would change nothing in the answer to this question, which trades nothing."""
    for name in Wanted.__annotations__:
        value = wanted.get(name)
        if value not in (None, False, "", []) and not (name in OF_SHARES and question == "factors"):
            shown = value if isinstance(value, str | int | float | list) else type(value).__name__
            why = f"is about what is traded, and `{question}` asks of {UNTRADED[question]}"
            raise InvalidValue(said(name), shown, why, fix=f"leave {said(name)} out")


def _composition(value: Any, said: Callable[[str], str]) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        fix = 'write {"VT": {"sector": {"Technology": 0.25}}}'
        raise InvalidValue(said("look_through"), str(value), "says of no fund what it is made of", fix=fix)
    return value or {}


def _flow(wanted: Mapping[str, Any], said: Callable[[str], str]) -> CashFlow | None:
    given = [name for name in ("deposit", "withdraw") if wanted.get(name) not in (None, "")]
    by = day_of(wanted.get("by") or None, said("by"))
    if len(given) == 2:
        why = f"stands beside {said('withdraw')}: money comes or goes"
        raise InvalidValue(said("deposit"), str(wanted["deposit"]), why, fix="give the difference of the two")
    if not given:
        if by is not None:
            why, fix = "says when money is due, and none is", f"add {said('withdraw')} with an amount"
            raise InvalidValue(said("by"), by.isoformat(), why, fix=fix)
        return None
    name = given[0]
    amount = _amount(said(name), wanted[name])
    return CashFlow(amount if name == "deposit" else -amount, by, bool(wanted.get("rebalance")) and name == "withdraw")


def _amount(field: str, value: Any) -> Decimal:
    amount = exactly(value, field)
    if amount <= 0:
        raise InvalidValue(field, str(value), "is not above zero", fix="write an amount above zero, as 30000.00")
    return amount


def _limits(wanted: Mapping[str, Any], said: Callable[[str], str]) -> dict[str, Any]:
    flags = {name: True for name in FLAGS if wanted.get(name)}
    lists = {name: members_of(said(name), wanted[name]) for name in LISTS if wanted.get(name)}
    counts = {limit: wanted[name] for name, limit in COUNTS.items() if wanted.get(name) is not None}
    return {**flags, **lists, **counts}


def members_of(field: str, value: Any) -> list[Any]:
    """A list of assets and groups, or texts of them: "AAPL, sector:Energy". Raises InvalidValue."""
    items: Iterable[Any] = [value] if isinstance(value, str | Mapping) else value
    if not isinstance(items, list | tuple | set | frozenset):
        raise InvalidValue(field, value, "is no list of assets", fix=f"write {field} as AAPL,MSFT or sector:Energy")
    found: list[Any] = []
    for item in sorted(items) if isinstance(items, set | frozenset) else items:
        found += [_member(word) for word in item.split(",") if word.strip()] if isinstance(item, str) else [item]
    if not found:
        raise InvalidValue(field, value, "names nothing", fix=f"write {field} as AAPL,MSFT or sector:Energy, or leave it out")
    return found


def _member(word: str) -> str | dict[str, str]:
    group, colon, name = word.partition(":")
    attribute = GROUPS.get(group.strip().lower())
    return {attribute: name.strip()} if colon and attribute else word.strip()

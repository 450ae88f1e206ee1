"""Corporate actions beside the prices that they are said to have moved: what contradicts them is set aside and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np

from portopt.domain.action import Action
from portopt.domain.errors import DataError
from portopt.domain.market import Finding, MarketSnapshot, Treatment

TOLD_APART = log(1.25)  # a smaller split is not to be told from a day's news
SHOWN = ("unadjusted_split", "extreme_move")  # findings of prices that an action may explain


@dataclass(frozen=True, slots=True)
class Checked:
    """actions: those to apply. findings: what was found wrong with the others, and what the prices still say beside them."""

    actions: tuple[Action, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Beside:
    """The closes before and after an ex date, with their days; None where there is none."""

    before: float | None
    after: float | None
    day_before: date | None
    day_after: date | None


def checked(actions: Sequence[Action], snapshot: MarketSnapshot) -> Checked:
    """Actions against raw prices (T, n).

    Set aside ("quarantined", not applied): a dividend larger than the price, with both readings; a split that the prices do not
    show, or show the other way round. Told: assets without prices, days outside them. Findings of the prices that an action
    explains are not found any more; a split that prices show and no action says stays among them. Raises DataError for what is
    spun off and has no prices: its worth would be gone.
    """
    _require_prices_of_what_is_new(actions, snapshot)
    kept, found = [], []
    for action in actions:
        finding = _judged(action, snapshot)
        if finding is None or finding.treatment == "accepted":
            kept.append(action)
        if finding is not None:
            found.append(finding)
    explained = _explained(kept, snapshot)
    left = [f for f in snapshot.findings if (f.kind, f.asset_id, f.date) not in explained]
    return Checked(tuple(kept), (*left, *found))


def _require_prices_of_what_is_new(actions: Sequence[Action], snapshot: MarketSnapshot) -> None:
    first, last = snapshot.dates[0], snapshot.dates[-1]
    for action in actions:
        if action.kind != "spin_off" or action.asset_id not in snapshot.asset_ids or action.into in snapshot.asset_ids:
            continue
        if first < np.datetime64(action.ex_date, "D") <= last:
            why = f"{action.asset_id} spun off {action.into} on {action.ex_date}, which there are no prices of"
            fixes = [f"add prices of {action.into}", "or write what it was worth as a dividend"]
            raise DataError(why, field="actions", value=action.into, fixes=fixes)


def _judged(action: Action, snapshot: MarketSnapshot) -> Finding | None:
    first, last = (snapshot.dates[i].astype("datetime64[D]").item() for i in (0, -1))
    what = f"the {action.kind.replace('_', '-')} of {action.asset_id} on {action.ex_date}"
    if action.asset_id not in snapshot.asset_ids:
        return _finding("action_without_prices", action, None, "accepted", f"{what}: no prices of it, so nothing is done")
    if not first < action.ex_date <= last:
        return _finding("action_outside", action, None, "accepted", f"{what} is not within {first} and {last}: nothing is done")
    beside = _beside(action, snapshot)
    if action.kind == "dividend":
        return _dividend(action, beside, what)
    return _split(action, beside, what) if action.kind == "split" else None


def _finding(kind: str, action: Action, value: float | None, treatment: Treatment, detail: str) -> Finding:
    return Finding(kind, action.asset_id, action.ex_date, value, treatment, detail)


def _beside(action: Action, snapshot: MarketSnapshot) -> _Beside:
    prices = snapshot.prices[:, snapshot.asset_ids.index(action.asset_id)]
    row = int(np.searchsorted(snapshot.dates, np.datetime64(action.ex_date, "D")))
    known = np.flatnonzero(prices > 0.0)
    earlier, later = known[known < row], known[known >= row]
    at = (int(earlier[-1]) if len(earlier) else None, int(later[0]) if len(later) else None)
    values = [None if i is None else float(prices[i]) for i in at]
    days = [None if i is None else snapshot.dates[i].astype("datetime64[D]").item() for i in at]
    return _Beside(values[0], values[1], days[0], days[1])


def _dividend(action: Action, beside: _Beside, what: str) -> Finding | None:
    """A share does not pay out more than it is worth: the amount is in other money, or of shares before a split."""
    if action.amount is None or beside.before is None or float(action.amount) < beside.before:
        return None
    share = float(action.amount) / beside.before
    detail = (
        f"{what}, {action.amount} a share, is not less than the price {beside.before:g} of {beside.day_before}: read as money "
        f"it pays out {share:.4g} times what the share is worth, read as hundredths {action.amount / 100} a share, "
        f"{share / 100:.2%} of the price; it is not paid until its amount is corrected"
    )
    return _finding("dividend_above_price", action, float(action.amount), "quarantined", detail)


def _split(action: Action, beside: _Beside, what: str) -> Finding | None:
    if action.ratio is None or beside.before is None or beside.after is None:
        return None
    new, old = action.ratio
    size, moved = log(new / old), log(beside.after / beside.before)
    if abs(size) < TOLD_APART or abs(moved + size) <= min(abs(moved), abs(moved - size)):
        return None
    went = f"the price went from {beside.before:g} on {beside.day_before} to {beside.after:g} on {beside.day_after}"
    if abs(moved - size) < abs(moved):
        detail = f"{what} is of {new} for {old}, but {went}, as after {old} for {new}; not applied until its ratio is corrected"
        return _finding("split_reversed", action, new / old, "quarantined", detail)
    detail = (
        f"{what} is of {new} for {old}, but {went}: the prices are adjusted for it already, or the day is another; not applied"
    )
    return _finding("split_not_shown", action, new / old, "quarantined", detail)


def _explained(actions: Sequence[Action], snapshot: MarketSnapshot) -> set[tuple[str, str | None, date | None]]:
    """What the prices say on the first day after an ex date that an action accounts for."""
    found: set[tuple[str, str | None, date | None]] = set()
    for action in actions:
        if action.asset_id in snapshot.asset_ids and action.kind in ("split", "spin_off", "dividend"):
            day = _beside(action, snapshot).day_after
            found |= {(kind, action.asset_id, day) for kind in SHOWN}
    return found

"""When the money of the orders moves, by what their lines say: weekdays counted on from the day of the prices."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from portopt.verifier.exact import ZERO, cents, written
from portopt.verifier.ledger import Ledger


def check_settlement(ledger: Ledger) -> None:
    """The dates of the orders, and cash in, cash out and the balance of every day; nothing where no line says anything."""
    lines = {row["asset_id"]: row.get("units") or {} for row in ledger.document["proposal"]}
    trades = ledger.document["trades"]
    if not any("settlement_days" in lines[trade["asset_id"]] for trade in trades):
        return
    told = ledger.document["settlement"]
    traded_on = date.fromisoformat(told["traded_on"])
    moved: dict[str, list[Fraction]] = {}
    for k, trade in enumerate(trades):
        days = lines[trade["asset_id"]].get("settlement_days")
        on = _weekdays_later(traded_on, int(days or 0)).isoformat()
        if days is not None:
            ledger.same(("trades", k, "settles_on"), f"the day on which {trade['asset_id']} settles", on)
        value, cost = cents(written(trade["value"])), cents(written(trade["commission"])) + cents(written(trade["impact"]))
        day = moved.setdefault(on, [ZERO, ZERO])
        day[trade["side"] == "buy"] += value + cost if trade["side"] == "buy" else value - cost
    balance = cents(written(ledger.document["headline"]["cash_before"]))
    for k, on in enumerate(sorted(moved)):
        balance += moved[on][0] - moved[on][1]
        ledger.same(("settlement", "days", k, "date"), f"day {k + 1} of the settlement", on)
        for name, comes_to in (("cash_in", moved[on][0]), ("cash_out", moved[on][1]), ("balance", balance)):
            ledger.same(("settlement", "days", k, name), f"{name} on {on}", comes_to)
    _short(ledger, {day["date"]: written(day["balance"]) for day in told["days"]})


def _short(ledger: Ledger, balances: dict[str, Fraction]) -> None:
    """What is owed at most in each stretch of days that is told, and that none is left out."""
    told = ledger.document["settlement"]["short"]
    for k, one in enumerate(told):
        owed = [-left for on, left in balances.items() if one["from"] <= on and (one["until"] is None or on < one["until"])]
        ledger.same(("settlement", "short", k, "amount"), f"what is owed from {one['from']} on", max(owed, default=ZERO))
        ledger.uses(("settlement", "short", k, "buys_value"))
    if bool(told) != any(left < 0 for left in balances.values()):
        ledger.fault(("settlement", "short"), "days on which cash is owed", str(len(told)), "as many as there are")


def _weekdays_later(day: date, count: int) -> date:
    for _ in range(count):
        day += timedelta(3 if day.weekday() == 4 else 2 if day.weekday() == 5 else 1)
    return day

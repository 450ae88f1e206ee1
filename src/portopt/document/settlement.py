"""The ladder of cash as the document holds it, and notes on orders whose money or price comes later."""

from __future__ import annotations

from typing import Any

from portopt.document.units import cents
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.plan import Trade
from portopt.domain.settlement import Settlement, Short, settlement, settles_on
from portopt.domain.universe import Universe


def ladder(outcome: RebalanceOutcome) -> Settlement | None:
    """None where nobody says of any order when it settles."""
    plan, units = outcome.plan, outcome.problem.universe.units
    return settlement(plan.trades, units, outcome.snapshot.as_of, plan.cash_before) if units else None


def settlement_document(outcome: RebalanceOutcome) -> dict[str, Any]:
    """{"settlement": …}, or nothing."""
    found = ladder(outcome)
    if found is None:
        return {}
    currency = outcome.plan.currency
    return {
        "settlement": {
            "traded_on": found.traded_on.isoformat(),
            "days": [
                {
                    "date": day.on.isoformat(),
                    "cash_in": cents(day.cash_in),
                    "cash_out": cents(day.cash_out),
                    "balance": cents(day.balance),
                    "sells": list(day.sells),
                    "buys": list(day.buys),
                }
                for day in found.days
            ],
            "short": [{**_short(one), "sentence": _short_sentence(one, currency)} for one in found.short],
            "not_said": list(found.not_said),
        }
    }


def settled(trade: Trade, outcome: RebalanceOutcome) -> dict[str, Any]:
    """What an order's line says of when its money moves and until when it is to be given."""
    units = outcome.problem.universe.units.get(trade.asset_id)
    if units is None:
        return {}
    days, on = units.settlement_days, outcome.snapshot.as_of
    told: dict[str, Any] = {} if days is None else {"settles_on": settles_on(on, days).isoformat()}
    return {**told, **({"nav_priced": True, "cut_off": units.cut_off or None} if units.nav_priced else {})}


def notes(outcome: RebalanceOutcome) -> list[str]:
    """Sentences on what settles late, what nobody says the settlement of, and funds whose price is not known yet."""
    found, plan, universe = ladder(outcome), outcome.plan, outcome.problem.universe
    said = [_nav_sentence(t, universe, outcome) for t in plan.trades if t.asset_id in universe.units]
    if found is None:
        return [sentence for sentence in said if sentence]
    said += [_short_sentence(one, plan.currency) for one in found.short]
    if found.not_said:
        names = ", ".join(found.not_said)
        day = found.traded_on.isoformat()
        said.append(f"nobody says when {names} settle: their money is counted on {day}, the day of the trade")
    return [sentence for sentence in said if sentence]


def _short(one: Short) -> dict[str, Any]:
    return {
        "from": one.since.isoformat(),
        "until": None if one.until is None else one.until.isoformat(),
        "amount": cents(one.amount),
        "buys_value": cents(one.bought),
        "buys": list(one.buys),
        "sells": list(one.sells),
    }


def _short_sentence(one: Short, currency: str) -> str:
    bought = f"buys of {one.bought:,.2f} {currency} ({', '.join(one.buys)}) settle from {one.since.isoformat()} on"
    if one.until is None:
        return f"{bought}: {one.amount:,.2f} {currency} more than there is by then"
    days = (one.until - one.since).days
    count = f"{days} day" if days == 1 else f"{days} days"
    paid = f"sells that pay for them ({', '.join(one.sells)}) by {one.until.isoformat()}"
    return f"{bought}, {paid}: {one.amount:,.2f} {currency} short for {count}"


def _nav_sentence(trade: Trade, universe: Universe, outcome: RebalanceOutcome) -> str:
    units = universe.units[trade.asset_id]
    if not units.nav_priced:
        return ""
    verb = "bought" if trade.side == "buy" else "sold"
    given = f" before its cut-off {units.cut_off}" if units.cut_off else ""
    return (
        f"{trade.asset_id} is {verb} at a price that is not known yet: the order is for {trade.shares.normalize():f} units, "
        f"given{given}, and counted at the last price, of {outcome.snapshot.as_of.isoformat()}"
    )

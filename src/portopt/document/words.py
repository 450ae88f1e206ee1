"""The verdict in plain words, made only from numbers that stand elsewhere in the document."""

from __future__ import annotations

from typing import Any

from portopt.document import signed, tax_words
from portopt.document.figure_words import error_sentence
from portopt.document.formats import bps, count, decimal, listed, measure, money, percent
from portopt.document.prices import step_in_words, worth_in_words

Document = dict[str, Any]
NAMED = 3  # findings told in the verdict itself


def verdict(document: Document) -> dict[str, Any]:
    """status is "trade" or "hold"; title one line; sentences the rest, in the order in which they matter.

    concessions: what had to give way for there to be an answer, and why; empty when every limit held as asked.
    """
    sentences = [
        _money_sentence(document),
        tax_words.sentence(document),
        _effect_sentence(document),
        error_sentence(document["figures"], document.get("errors")),
        _limits_sentence(document),
        *document["rounding"]["notes"],
        _price_sentence(document),
        signed.sentence(document),
        _data_sentence(document),
    ]
    return {
        **bare_verdict(document),
        "title": _title(document),
        "concessions": _concessions(document),
        "sentences": [sentence for sentence in sentences if sentence],
    }


def bare_verdict(document: Document) -> dict[str, Any]:
    """What a verdict is without its words."""
    head = document["headline"]
    return {
        "status": "trade" if head["trades"] else "hold",
        "certified": signed.is_signed(document),
        "relaxed": [step["limit"] for step in document["relaxations"]],
        "title": f"{count(head['trades'], 'trade')} proposed.",
        "concessions": [],
        "sentences": [],
    }


def _title(document: Document) -> str:
    head, flow = document["headline"], document.get("cash_flow")
    after = f", {flow['sentence']}" if flow else ""
    if not head["trades"] and flow and not flow["rebalance"]:
        return f"Nothing to trade{after}: the cash covers it."
    if not head["trades"]:
        return f"Nothing to trade{after}: no trade that its limits allow is worth making."
    parts = [f"sell {count(head['sells'], 'position')}"] if head["sells"] else []
    parts += [f"buy {head['buys']}" if parts else f"buy {count(head['buys'], 'position')}"] if head["buys"] else []
    turnover = f"{percent(head['turnover'])} of the portfolio changes hands"
    return f"{' and '.join(parts).capitalize()}: {turnover}{after}{tax_words.in_title(document)}."


def _money_sentence(document: Document) -> str:
    head, currency = document["headline"], document["currency"]
    if not head["trades"]:
        return ""
    cost = f"{money(head['total_cost'], currency)}, {bps(head['cost_bps'])} of the portfolio"
    moved = f"{money(head['sells_value'], currency)} is sold and {money(head['buys_value'], currency)} bought"
    return f"{moved}, at an estimated cost of {cost}; {money(head['cash_after'], currency)} is left in cash."


def _effect_sentence(document: Document) -> str:
    by_name = {row["name"]: row for row in document["figures"]}

    def moves(name: str) -> str:
        old, new = percent(by_name[name]["before"]), percent(by_name[name]["after"])
        return f"stays at {new}" if old == new else f"goes from {old} to {new}"

    text = f"Expected return {moves('expected_return')} a year, volatility {moves('volatility')}"
    sharpe = by_name["sharpe_ratio"]
    if sharpe["before"] is not None and sharpe["after"] is not None:
        text += f", so the Sharpe ratio goes from {decimal(sharpe['before'])} to {decimal(sharpe['after'])}"
    if by_name["tracking_error"]["after"] is not None:
        text += f"; tracking error {moves('tracking_error')}"
    return text + "."


def _concessions(document: Document) -> list[str]:
    if not document["relaxations"]:
        return []
    because = (document["diagnosis"] or {}).get("sentence") or ""
    first = f"The limits as asked could not all hold: {because.rstrip('.')}." if because else ""
    steps = []
    for step in document["relaxations"]:
        moved = f"from {step['before']} to {step['after']}"
        steps.append(f"{step['limit']} gave way, {moved}: {step['because'].rstrip('.')}.")
    return [sentence for sentence in (first, *steps) if sentence]


def _limits_sentence(document: Document) -> str:
    asked = [limit for limit in document["limits"] if not limit["structural"]]
    hard_missed = [limit for limit in asked if not limit["holds"] and not limit["soft"]]
    soft_missed = [limit for limit in asked if not limit["holds"] and limit["soft"]]
    if hard_missed:
        names = listed([limit["limit"] for limit in hard_missed])
        return f"In whole shares {names} {'is' if len(hard_missed) == 1 else 'are'} missed."
    if soft_missed:
        missed = [f"{limit['limit']} by {measure(limit['worst_violation'], limit['unit'])}" for limit in soft_missed]
        return f"Every hard limit holds; falling short, as the policy allows: {listed(missed)}."
    if not asked:
        return ""
    return f"{'The limit holds' if len(asked) == 1 else f'All {len(asked)} limits hold'} in the portfolio proposed."


def _price_sentence(document: Document) -> str:
    prices = document["limit_prices"]
    if not prices:
        return "No limit stands in the way of a better portfolio."
    dearest = prices[0]
    where = f" ({dearest['member']})" if dearest["member"] else ""
    if not dearest["solved_again"] and dearest["worth"] == 0.0:
        return f"The dearest limit is “{dearest['description']}”{where}."
    room = step_in_words(dearest["step"], dearest["unit"])
    worth = worth_in_words(dearest)
    gain = f"at most {worth.removeprefix('≤ ')}" if worth.startswith("≤") else f"about {worth}"
    return f"The dearest limit is “{dearest['description']}”{where}: {room} of room would be worth {gain}."


def _data_sentence(document: Document) -> str:
    pack, quality = document["pricing_pack"], document["data_quality"]
    text = f"Prices: {pack['source']}; {pack['observations']:,} days to {pack['last_date']}"
    if pack["stale"]:
        text += f", stale: {pack['stale'].rstrip('.')}"
    found = len(quality["findings"])
    text += f"; {count(found, 'finding')} about the data" if found else "; nothing was found wrong with them"
    held = quality["quarantined"]
    text += f", {held} of which took an asset out of the choice." if held else "."
    first = [finding["detail"] for finding in quality["findings"][:NAMED]]
    more = f" and {found - NAMED} more in the report" if found > NAMED else ""
    return f"{text} {'; '.join(first)}{more}." if first else text

"""Shares, money to the cent, and weights of a rebalance: from shares, prices and orders to every total."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portopt.verifier.book import CASH, Held, Orders, Question, orders_of
from portopt.verifier.exact import ONE, ZERO, cents, written
from portopt.verifier.ledger import Ledger
from portopt.verifier.limits import impact_rate, turnover
from portopt.verifier.orders import cash_after
from portopt.verifier.reading import NotRead
from portopt.verifier.units import Units, units_of

ONE_ULP = 4e-16


def check_money(ledger: Ledger, q: Question, held: Held) -> None:
    orders = orders_of(ledger.document)
    _rows(ledger, orders, q)
    _trades(ledger, q)
    _headline(ledger, orders, q, held)
    _rules(ledger, orders)
    ledger.said.append(f"money: {len(ledger.document['trades'])} orders, every sum to the cent")


def _rows(ledger: Ledger, orders: Orders, q: Question) -> None:
    """The proposal's lines: shares add up, values are shares times price, weights are values over the portfolio's."""
    before, after = orders.before(), orders.after()
    placed = {trade["asset_id"]: k for k, trade in enumerate(ledger.document["trades"])}
    for k, row in enumerate(ledger.document["proposal"]):
        a, at = row["asset_id"], ("proposal", k)
        i = q.ids.index(a) if a in q.ids else None
        cash = a == CASH
        shares_before = orders.cash if cash else orders.shares[k]
        left = cash_after(ledger.document) if cash else shares_before + orders.moved[k]
        ledger.same((*at, "shares_before"), f"shares of {a} before", float(shares_before), 0.0)
        ledger.same((*at, "shares_after"), f"shares of {a} after", float(left), 1e-9)
        ledger.same((*at, "shares_change"), f"change of the shares of {a}", float(left - shares_before), 1e-9)
        ledger.same((*at, "weight_before"), f"weight of {a} before", float(before[k]), ONE_ULP)
        ledger.same((*at, "weight_after"), f"weight of {a} in the orders", float(after[k]), ONE_ULP)
        change = row["weight_after"] - row["weight_before"]
        ledger.same((*at, "weight_change"), f"change of the weight of {a}", change, ONE_ULP)
        ledger.uses((*at, "price"))
        ledger.uses((*at, "units"))
        if i is not None:
            for name, where in (("weight_before", "w_prev"), ("weight_after", "weights_after"),
                                ("target_weight", "target_weights"), ("benchmark_weight", "benchmark")):  # fmt: skip
                if ledger.at(("inputs", where)) is not None:
                    ledger.same(("inputs", where, i), f"{where} of {a}", row[name], 0.0)
                    ledger.recomputed.add((*at, name))
            if ledger.at(("inputs", "prices")) is not None:
                ledger.same(("inputs", "prices", i), f"the price of {a} among the inputs", float(orders.prices[k]), 0.0)
            for name in ("quality_score", "esg_score"):
                if _is_read(q, name):
                    ledger.uses((*at, name))
        if (side := row["side"]) is not None:
            ledger.same((*at, "value"), f"value of the order in {a}", orders.settled[k])
            trade = ledger.document["trades"][placed[a]] if a in placed else {}
            for name in ("side", "commission", "impact", "cost"):
                ledger.same((*at, name), f"{name} of the order in {a}", _as(trade.get(name)))
            ledger.same(("trades", placed.get(a, 0), "side"), f"side of {a}", side)


def _trades(ledger: Ledger, q: Question) -> None:
    """Each order: its value and what it costs, by the tariffs of the costs."""
    rows = {row["asset_id"]: row for row in ledger.document["proposal"]}
    for k, trade in enumerate(ledger.document["trades"]):
        a, at = trade["asset_id"], ("trades", k)
        row = rows[a]
        sign = 1 if trade["side"] == "buy" else -1
        moved = written(row["shares_after"]) - written(row["shares_before"])
        ledger.same((*at, "priority"), f"place of the order in {a}", k + 1, 0.0)
        ledger.same((*at, "shares"), f"shares of the order in {a}", float(sign * moved), 1e-9)
        ledger.same((*at, "price"), f"price of {a}", _as(row["price"]))
        units, traded = units_of(row), written(trade["shares"])
        ledger.same((*at, "value"), f"value of the order in {a}", cents(traded * units.money(written(trade["price"]))))
        _quotation(ledger, k, units, traded)
        for name in ("weight_before", "weight_after"):
            ledger.same((*at, name), f"{name} of {a}", row[name], 0.0)
        try:
            commission, impact = tariff(cents(written(trade["value"])), q.ids.index(a), q)
        except NotRead as error:
            ledger.leaves(at, f"what the order in {a} costs", str(error))
            commission, impact = cents(written(trade["commission"])), cents(written(trade["impact"]))
        else:
            ledger.same((*at, "commission"), f"commission on {a}", commission)
            ledger.same((*at, "impact"), f"market impact of {a}", impact)
        ledger.same((*at, "cost"), f"cost of the order in {a}", commission + impact)


def _quotation(ledger: Ledger, k: int, units: Units, traded: Fraction) -> None:
    """What the order says of multiplier and accrued interest, where it says any."""
    trade = ledger.document["trades"][k]
    for name, comes_to in (
        ("price_multiplier", units.multiplier),
        ("accrued_interest", units.accrued),
        ("unit_price", units.money(written(trade["price"]))),
        ("accrued_value", units.interest(traded)),
    ):
        if name in trade and written(trade[name]) != comes_to:
            ledger.fault(("trades", k, name), f"{name} of {trade['asset_id']}", str(trade[name]), str(float(comes_to)))
        ledger.recomputed.add(("trades", k, name))


def tariff(value: Fraction, i: int, q: Question) -> tuple[Fraction, Fraction]:
    """(commission, impact) of an order worth `value`, each to the cent. Raises NotRead."""
    commission = impact = ZERO
    for cost in q.costs:
        kind, bps = cost["kind"], cost.get("bps")
        rate = bps.get(q.ids[i], bps.get("*", 0)) if isinstance(bps, Mapping) else bps
        if kind == "commission":
            commission += written(cost["per_trade"]) + written(rate) * value / 10_000
        elif kind in ("linear_impact", "spread"):
            impact += written(rate) * value / 10_000
        elif kind in ("square_root_impact", "quadratic_impact") and value:
            power = 0.5 if kind == "square_root_impact" else 1.0
            V = float(q.value or ONE)
            paid = impact_rate(cost, i, power, q) / V**power * float(value) ** (1.0 + power)
            impact += Fraction(Decimal(str(paid)))
        elif kind not in ("borrow", "square_root_impact", "quadratic_impact"):
            raise NotRead(f"{kind} is a cost that is not known here")
    return cents(commission), cents(impact)


def _headline(ledger: Ledger, orders: Orders, q: Question, held: Held) -> None:
    trades = ledger.document["trades"]

    def total(name: str, *sides: str) -> Fraction:
        return sum((cents(written(t[name])) for t in trades if t["side"] in sides), ZERO)

    buys, sells = total("value", "buy"), total("value", "sell")
    commission, impact = total("commission", "buy", "sell"), total("impact", "buy", "sell")
    cost, gross, V = commission + impact, buys + sells, orders.value
    moved = turnover(held.w, q) if q.before is not None else ZERO
    held_before = ledger.document["headline"]["cash_before"]
    row = next((row for row in ledger.document["proposal"] if row["asset_id"] == CASH), None)
    for name, figure, comes_to in (
        ("portfolio_value", "value of the portfolio", V),
        ("trades", "number of orders", len(trades)),
        ("buys", "orders to buy", sum(t["side"] == "buy" for t in trades)),
        ("sells", "orders to sell", sum(t["side"] == "sell" for t in trades)),
        ("turnover", "turnover", float(moved)),
        ("buys_value", "bought", buys),
        ("sells_value", "sold", sells),
        ("gross_value", "bought and sold", gross),
        ("commission", "commission", commission),
        ("impact", "market impact", impact),
        ("total_cost", "cost of all orders", cost),
        ("cost_bps", "cost in basis points", float(10_000 * cost / V)),
        ("cost_bps_of_gross", "cost in basis points of what is traded", float(10_000 * cost / gross) if gross else None),
        ("cash_before", "cash before", cents(written(held_before if row is None else row["shares_before"]))),
        ("cash_after", "cash after every fee", orders.cash + sells - buys - cost),
    ):
        ledger.same(("headline", name), figure, comes_to)
    ledger.same(("inputs", "portfolio_value"), "the portfolio's value among the inputs", float(V), 0.005)


def _rules(ledger: Ledger, orders: Orders) -> None:
    """Whole lots, no order below the least but a sale of everything, no holding below an asset's least, no cash owed."""
    rules = ledger.document["rounding"]
    lot, least = int(rules["lot_size"]), cents(written(rules["min_trade_value"]))
    lines = ledger.document["proposal"]
    for k, (moved, held, value) in enumerate(zip(orders.moved, orders.shares, orders.settled, strict=True)):
        at, a, units = ("proposal", k, "shares_change"), orders.ids[k], units_of(lines[k])
        if not moved or moved == -held:
            continue
        step = units.step or (None if rules["fractional"] else Fraction(lot))
        if step is not None and moved % step:
            ledger.fault(at, f"whole lots of {float(step):g}, the order in {a}", str(float(moved)), "no whole number of lots")
        if 0 < abs(held + moved) < units.least:
            ledger.fault(at, f"the least holding of {a}", str(float(held + moved)), f"less than {float(units.least):g}")
        if value < least:
            ledger.fault(at, f"the least order, in {a}", str(float(value)), f"less than {float(least):.2f}")
    ledger.uses(("rounding", "lot_size"))
    ledger.uses(("rounding", "min_trade_value"))


def _is_read(q: Question, attribute: str) -> bool:
    reads = {"quality_score": ("min_quality",), "esg_score": ("min_esg", "esg_exclusion", "axis_bounds")}
    return any(q.has(kind) for kind in reads[attribute])


def _as(value: Any) -> Any:
    """Money as a rational number, everything else as it is."""
    return written(value) if isinstance(value, str) and value[-1:].isdigit() else value

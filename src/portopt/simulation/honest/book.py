"""Rows 8, 12, 15, 16 and 24 to 28: orders, fills, fees and the book."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from portopt.domain.backtest import Backtested, Execution, Fill, Order
from portopt.simulation.accounting import begin_day, fill, opened
from portopt.simulation.accounting.account import Account, Quotes
from portopt.simulation.accounting.checks import Day, broken
from portopt.simulation.decide import PipelineDecider
from portopt.simulation.history import Known
from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, all_of, judged
from portopt.simulation.strategies import Held

BUDGET = 0.03
FEE_BPS = 15.0
COLUMNS = ((0, 1, 2, 3, 4), (4, 2, 0, 3, 1), (3, 4, 1, 2, 0))
LIST = (10.0, 25.0, 40.0, 80.0, 125.0)


def every_check_kills_its_mutant() -> Outcome:
    execution = Execution(commission_bps=10.0, spread_bps=8.0)
    quotes = Quotes(1, made.day(1), ("A", "B"), np.array([10.0, 20.0]))
    before = opened(2, 1_000_000)
    began, happened = begin_day(before, quotes, (), execution)
    orders = (Order("o-1", 0, 0, 100), Order("o-2", 0, 1, 50))
    after, fills, _ = fill(began, orders, quotes, execution)
    true = Day(before, began, after, quotes, happened, fills, orders)
    mutants = {
        "a cent of cash": replace(true, after=replace(after, cash=after.cash + 1)),
        "a unit": replace(true, after=replace(after, units=after.units + np.array([1, 0]))),
        "a cent of basis": replace(true, after=replace(after, basis=after.basis + np.array([0, 1]))),
        **{f"a fill's {name}": replace(true, fills=(_more(fills[0], name), *fills[1:])) for name in
           ("units", "value", "commission", "spread", "profit")},
        "a fill twice": replace(true, fills=(*fills, fills[0])),
        "a fill that is missing": replace(true, fills=fills[1:]),
        "an order that was never placed": replace(true, orders=orders[1:]),
    }  # fmt: skip
    alive = [name for name, mutant in mutants.items() if not broken(mutant, execution)]
    return all_of(
        [("the true day is clean", not broken(true, execution)), ("no mutant lives", not alive)],
        f"{len(mutants) - len(alive)} of {len(mutants)} mutants of a day are found{f', not {alive}' if alive else ''}",
    )


def _more(one: Fill, name: str) -> Fill:
    changed: dict[str, Any] = {name: getattr(one, name) + 1}
    return replace(one, **changed)


def turnover_is_from_what_is_held() -> Outcome:
    h = made.history(made.drawn(160, 5, 3))
    limits = {"long_only": True, "cash": {"max": 0.05}, "max_turnover": BUDGET}
    asked = made.request(h, rebalance=["weekly"], policy=made.policy(limits), delay=0, spread_bps=10.0)
    run = made.walk(h, PipelineDecider(asked), rebalance=asked.rebalance, policy=asked.policy, delay=0, spread_bps=10.0).run
    traded = [_traded(run, d.day) for d in run.decisions if d.status == "decided"][1:]
    return all_of(
        [("never more than the budget", max(traded) <= BUDGET + 1e-9), ("the budget binds", max(traded) > 0.8 * BUDGET)],
        f"executed turnover at most {max(traded):.4%} of a budget of {BUDGET:.0%}, on {len(traded)} dates",
    )


def _traded(run: Backtested, day: int) -> float:
    """Half of all that was bought and sold, over the book before it."""
    fills = [f for f in run.fills if f.day == day]
    costs = sum(f.cost for f in fills)
    return sum(f.value for f in fills) / 2.0 / float(run.equity[day - run.first] + costs)


def full_targets_and_fees_fit_whatever_the_columns() -> Outcome:
    books, least = [], 0
    for order in COLUMNS:
        prices, ids = np.tile(np.array(LIST)[list(order)], (6, 1)), [made.IDS[i] for i in order]
        h = made.history(prices, ids=ids)
        run = made.walk(
            h, made.fixed(**dict.fromkeys(made.IDS[:5], 0.2)), capital=100_000, commission_bps=FEE_BPS, rebalance=["yearly"]
        ).run
        least = min(least, int(run.cash.min()))
        books.append({a: int(u) * p for a, u, p in zip(ids, run.units[-1], prices[-1], strict=True)})
    part = 20_000.0 * (1.0 - FEE_BPS / 1e4)  # of what is left once the fees are paid
    apart = max(abs(book[a] - part) / price for book in books for a, price in zip(made.IDS, LIST, strict=False))
    same = all(book == books[0] for book in books)
    return all_of(
        [
            ("each within a share of its part", apart <= 1.0),
            ("cash never below zero", least >= 0),
            ("no order of columns matters", same),
        ],
        f"5 x 20 % at {FEE_BPS:g} bp, columns in {len(COLUMNS)} orders: at most {apart:.2f} shares from 20 % after fees",
    )


def pure_sale_is_never_refused() -> Outcome:
    def once(known: Known, held: Held) -> dict[str, float]:
        return {} if held.units.any() else {"A": 1.0}

    h = made.history(np.full((30, 1), 100.0))
    run = made.walk(h, once, capital=10_000, minimum_fee=20.0, rebalance=["every 10"]).run
    sold = [f for f in run.fills if f.units < 0]
    done = bool(sold) and int(run.units[sold[0].day - run.first, 0]) == 0
    return judged(
        done, f"{sum(-f.units for f in sold)} shares sold out of a book without cash, the fee of 20.00 out of the sale"
    )


def closed_positions_rewrite_nothing() -> Outcome:
    P = made.drawn(120, 2, 8)

    def moving(known: Known, held: Held) -> dict[str, float]:
        return {known.ids[known.day // 20 % 2]: 0.9}

    whole = made.walk(made.history(P), moving, rebalance=["every 10"], commission_bps=5.0).run
    cut = made.walk(made.history(P[:70]), moving, rebalance=["every 10"], commission_bps=5.0).run
    k = len(cut.equity)
    before = [f for f in whole.fills if f.day < 70]
    same = all(_same(a, b) for a, b in zip(before, cut.fills, strict=False)) and len(before) == len(cut.fills)
    return all_of(
        [
            ("equity", bool((whole.equity[:k] == cut.equity).all())),
            ("units", bool((whole.units[:k] == cut.units).all())),
            ("trades", same),
        ],
        f"{k} days and {len(before)} trades are the same before and after the {len(whole.fills) - len(before)} later trades",
    )


def _same(a: Fill, b: Fill) -> bool:
    return (a.order_id, a.day, a.units, a.value, a.cost, a.profit) == (b.order_id, b.day, b.units, b.value, b.cost, b.profit)


def fees_are_charged_once() -> Outcome:
    from portopt.simulation.accounting.profit import profits

    walk = made.walk(made.history(made.drawn(80, 3, 6)), _rotating, rebalance=["every 5"], commission_bps=FEE_BPS)
    run, fills = walk.run, walk.run.fills
    in_ledger = int(profits(fills, run.happenings, walk.end.book).costs.sum())
    in_report = sum(f.cost for f in fills)
    again = sum(_half_even(f.value * 15, 10_000) for f in fills)
    by_cash = 100_000_000 - int(run.cash[-1]) - sum(f.value if f.units > 0 else -f.value for f in fills)
    return judged(
        in_ledger == in_report == again == by_cash and len(fills) > 20,
        f"{len(fills)} fills: {in_ledger / 100:,.2f} in the ledger, {in_report / 100:,.2f} in the report, {again / 100:,.2f} "
        f"worked out again, {by_cash / 100:,.2f} gone from cash",
    )


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def _rotating(known: Known, held: Held) -> dict[str, float]:
    """Another asset leads every fifth session."""
    return {a: 0.5 if i == known.day // 5 % len(known.ids) else 0.2 for i, a in enumerate(known.ids)}


def time_increases_and_ids_open_before_they_close() -> Outcome:
    run = made.walk(made.history(made.drawn(80, 3, 6)), _rotating, rebalance=["every 5"]).run
    decided = {d.day for d in run.decisions}
    in_order = all(a.day <= b.day for a, b in zip(run.fills, run.fills[1:], strict=False))
    opened_first = all(f.decided in decided and f.decided < f.day for f in run.fills)
    dates = bool((np.diff(run.dates.astype("int64")) > 0).all())
    once = max(Counter(f.order_id for f in run.fills).values()) == 1
    return all_of(
        [("days increase", dates and in_order), ("decided before filled", opened_first), ("an id is one order", once)],
        f"{len(run.fills)} fills of {len(decided)} decisions, in order",
    )


def partly_filled_orders_are_never_overfilled() -> Outcome:
    P, V = np.full((20, 1), 10.0), np.full((20, 1), 1000.0)
    h = made.history(P, volumes=V)
    run = made.walk(h, made.fixed(A=0.9), capital=100_000, participation=0.1, expires=3, rebalance=["yearly"]).run
    filled = sum(f.units for f in run.fills)
    return all_of(
        [
            ("a tenth of the volume a day, for three days", [f.units for f in run.fills] == [100, 100, 100]),
            ("the rest has expired and is listed", len(run.unfilled) == 1),
            ("nothing more is held", int(run.units[-1, 0]) == filled == 300),
        ],
        run.unfilled[0][1] if run.unfilled else "nothing is listed",
    )


def cost_is_capped_and_named() -> Outcome:
    P, V = made.drawn(60, 1, 12), np.full((60, 1), 5.0)
    run = made.walk(made.history(P, volumes=V), made.fixed(A=0.9), impact=50.0, spread_bps=400.0, rebalance=["every 30"]).run
    paid = [(f.value - np.sign(-f.units) * (f.spread + f.impact)) / abs(f.units) for f in run.fills]
    share = max((f.spread + f.impact) / f.value for f in run.fills) if run.fills else 0.0
    return all_of(
        [
            ("every price above zero", bool(paid) and all(p > 0 for p in paid)),
            ("at most the cap of a tenth", 0.0 < share <= 0.1),
            ("the fill says that it was capped", any(f.capped for f in run.fills)),
        ],
        f"an order of many times the day's volume costs {share:.2%} of its value, its cap, and says so",
    )


def shorted(account: Account, units: int, price: float) -> Account:
    """The same account holding `units` of its first asset, bought or sold at `price`."""
    cents = round(units * price * 100)
    held = np.array([units, *[0] * (len(account.units) - 1)], dtype=np.int64)
    basis = np.array([cents, *[0] * (len(account.units) - 1)], dtype=np.int64)
    prices = np.array([price, *account.prices[1:]])
    return replace(account, units=held, basis=basis, prices=prices, cash=account.cash - cents)

"""Rows 17 to 23: what happens to shares that nobody ordered."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from portopt.domain.action import Action
from portopt.domain.backtest import Execution, Happening
from portopt.simulation.accounting import Account, Quotes, begin_day, equity, open_profit, opened
from portopt.simulation.honest import made
from portopt.simulation.honest.book import shorted
from portopt.simulation.honest.outcome import Outcome, all_of, judged

CAPITAL = 1_000_000  # cents


def _after(action: Action, held: int, before: float, after: float) -> tuple[Account, Account, tuple[Happening, ...]]:
    """(the account at the last close, the one on the ex date, what happened). A spin-off goes into B, at 5 a share."""
    account = shorted(opened(2, CAPITAL), held, before)
    quotes = Quotes(1, made.day(1), ("A", "B"), np.array([after, 5.0]))
    now, happened = begin_day(account, quotes, (action,), Execution(), days=1)
    return account, now, happened


def reverse_split_pays_the_part_in_cash() -> Outcome:
    action = Action("A", "split", made.day(1), ratio=(1, 100))
    before, after, happened = _after(action, 137, 0.5, 50.0)
    none, zero, _ = _after(action, 37, 0.5, 50.0)
    return all_of(
        [
            ("137 shares become 1", int(after.units[0]) == 1),
            ("0.37 of a share at the new price", after.cash - before.cash == 1850),
            ("equity as it was", equity(before) == equity(after) and equity(none) == equity(zero)),
            ("37 shares become none, all in cash", int(zero.units[0]) == 0 and zero.cash - none.cash == 1850),
        ],
        "; ".join(h.sentence for h in happened),
    )


def ratios_are_fractions_of_integers() -> Outcome:
    _, after, _ = _after(Action("A", "split", made.day(1), ratio=(7, 1)), 100, 70.0, 10.0)
    _, third, _ = _after(Action("A", "split", made.day(1), ratio=(4, 3)), 300, 40.0, 30.0)
    found = int(after.units[0]), int(third.units[0])
    return judged(found == (700, 400), f"100 shares, 7 for 1: {found[0]}; 300 shares, 4 for 3: {found[1]}")


ACTIONS = (
    (Action("A", "split", made.day(1), ratio=(3, 1)), 30.0, 10.0),
    (Action("A", "split", made.day(1), ratio=(1, 10)), 3.0, 30.0),
    (Action("A", "dividend", made.day(1), pay_date=made.day(1), amount=Decimal("0.37")), 30.0, 29.63),
    (Action("A", "spin_off", made.day(1), ratio=(1, 4), into="B"), 30.0, 28.75),
    (Action("A", "delisting", made.day(1), proceeds=Decimal("12.5")), 30.0, float("nan")),
    (Action("A", "delisting", made.day(1), proceeds=Decimal(0)), 30.0, float("nan")),
)


def short_mirrors_long() -> Outcome:
    apart = []
    for action, before, after in ACTIONS:
        changes = []
        for sign in (1, -1):
            was, now, _ = _after(action, sign * 33, before, after)
            changes.append(sign * np.array([*(now.units - was.units), now.cash - was.cash, equity(now) - equity(was)]))
        apart.append(bool((changes[0] == changes[1]).all()))
    alive = all(equity(_after(a, -33, b, c)[1]) > 0 for a, b, c in ACTIONS)
    return all_of(
        [("units, cash and equity move against each other", all(apart)), ("no equity below zero", alive)],
        f"33 shares long and short through {len(ACTIONS)} actions",
    )


def profits_add_up_through_a_split() -> Outcome:
    from portopt.simulation.accounting.profit import profits

    P = np.full((30, 1), 100.0)
    P[15:] = 25.0
    h = made.history(P, actions=[Action("A", "split", made.day(15), ratio=(4, 1))])
    walk = made.walk(h, lambda known, held: {"A": 0.5 + 0.3 * (known.day // 5 % 2)}, rebalance=["every 5"], commission_bps=10.0)
    run = walk.run
    change = int(run.equity[-1]) - 100_000_000
    told = profits(run.fills, run.happenings, walk.end.book)
    jump = int(run.equity[15 - run.first] - run.equity[14 - run.first])
    by_hand = sum(f.profit for f in run.fills) + sum(h.profit for h in run.happenings) + int(open_profit(walk.end.book).sum())
    cost = sum(f.cost for f in run.fills if f.day == 15)
    return all_of(
        [
            ("profit of trades + open profit = change of equity", change == by_hand == told.total),
            ("no jump on the day", jump == -cost),
            ("units quadrupled", any(x.kind == "split" and x.units > 0 for x in run.happenings)),
        ],
        f"change of equity {change / 100:,.2f}, profits {by_hand / 100:,.2f}; on the split's day {jump / 100:,.2f}",
    )


def dividend_reaches_cash_on_its_pay_date() -> Outcome:
    amounts = {10: Decimal("1.25"), 20: Decimal("0.80")}
    index = np.cumprod(np.r_[1.0, 1.0 + 0.01 * np.random.default_rng(2).standard_normal(29)]) * 100.0
    P = np.zeros(30)
    factor = 1.0
    for t in range(30):  # raw prices whose adjusted ones, by 1 - D / P, are the index
        if t in amounts:
            factor *= 1.0 - float(amounts[t]) / P[t - 1]
        P[t] = index[t] * factor
    actions = [Action("A", "dividend", made.day(t), pay_date=made.day(t + 3), amount=x) for t, x in amounts.items()]
    h = made.history(P[:, None], actions=actions)
    run = made.walk(h, made.fixed(A=0.9), rebalance=["yearly"]).run
    held = int(run.units[-1, 0])
    paid = {x.day: x.cents for x in run.happenings if x.kind == "dividend_paid"}
    wanted = {t + 3: held * int(100 * x) for t, x in amounts.items()}
    R = h.total_return()[:, 0]
    away = float(np.abs(R[1:] / R[:-1] - index[1:] / index[:-1]).max())
    return all_of(
        [("cash on the pay date, shares x amount", paid == wanted), ("total return = adjusted-price return", away < 1e-9)],
        f"{held:,} shares: {', '.join(f'{cents / 100:,.2f}' for cents in paid.values())} paid; returns {away:.1e} apart",
    )


def dividend_above_the_price_is_quarantined() -> Outcome:
    from portopt.market.action_checks import checked

    action = Action("A", "dividend", made.day(5), amount=Decimal(25))
    found = checked([action], made.snapshot(np.full((10, 1), 20.0)))
    told = [f.detail for f in found.findings if f.treatment == "quarantined"]
    both = bool(told) and "25 a share" in told[0] and "0.25 a share" in told[0]
    return all_of([("not applied", not found.actions), ("both readings", both)], told[0] if told else "nothing was found")


def delisting_leaves_value_and_says_so() -> Outcome:
    found, conditions = [], []
    for proceeds, price in ((None, 20.0), (Decimal("12.5"), 12.5), (Decimal(0), 0.0)):
        P = np.full((20, 2), 20.0)
        P[10:, 0] = np.nan
        h = made.history(P, actions=[Action("A", "delisting", made.day(10), proceeds=proceeds)])
        run = made.walk(h, made.fixed(A=0.5), rebalance=["yearly"], minimum_fee=7.0).run
        k, held = 10 - run.first, int(run.units[9 - run.first, 0])
        lost = round(held * (20.0 - price) * 100) + (700 if price else 0)
        conditions += [
            (f"value at {price}", int(run.equity[k]) == int(run.equity[k - 1]) - lost),
            (f"position gone at {price}", held > 0 and int(run.units[k, 0]) == 0),
            (f"listed at {price}", any(x.kind == "delisting" for x in run.happenings)),
        ]
        found.append(f"{(int(run.equity[k]) - int(run.equity[k - 1])) / 100:,.2f} at {price:g}")
    return all_of(conditions, f"{held:,} shares of 20: {'; '.join(found)}, the fee of 7.00 among it")

"""The certificate of the orders: every limit on the whole-share book, in rational arithmetic, from a document alone."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from portopt.verifier.book import after_orders, orders_of, question_of
from portopt.verifier.exact import ZERO, cents, written
from portopt.verifier.limits import readings, worst
from portopt.verifier.reading import NotRead

# What a limit may be missed by where doubles chose the shares: a billionth of the portfolio, the audit's own.
ALLOWED = Fraction(1, 10**9)
NOTHING = 1e-9  # an objective below it is none to be relative to


def certificate_of_orders(document: Mapping[str, Any]) -> dict[str, Any]:
    """worst_violation: the largest over the hard limits, nothing where all hold exactly. missed: hard limits missed by more
    than a billionth, with what they are missed by. exactly: how many were worked out without a double; otherwise: those that
    read one (a power, a risk of scenarios), and not_read those that could not be worked out, each with the reason.

    gap: what whole shares give up against the continuous optimum, in the objective's unit; gap_proven: whether no portfolio
    at all is proved to be better than that optimum, so that no whole shares can beat these orders by more than the gap.
    """
    question = question_of(document)
    held = after_orders(document, question)
    largest, whose, missed, exactly = ZERO, "", [], 0
    otherwise, not_read = [], []
    for limit in question.limits:
        try:
            found = readings(limit, held, question)
        except NotRead as error:
            not_read.append({"limit": limit["kind"], "why": str(error)})
            continue
        if all(reading.exact for reading in found):
            exactly += 1
        else:
            otherwise.append(limit["kind"])
        by = ZERO if limit["soft"] else worst(found)
        if by > ALLOWED:
            missed.append({"limit": limit["kind"], "by": float(by)})
        if by > largest:
            largest, whose = by, limit["kind"]
    cash, left = cash_after(document), document["rounding"]
    paper, best = document["certificate"], document["objective"]["target"]
    searched = paper["mip_gap"] is not None
    return {
        "verdict": "certified" if not missed and cash >= 0 else "missed",
        "worst_violation": float(largest),
        "worst_limit": whose,
        "missed": missed,
        "limits": len(question.limits),
        "exactly": exactly,
        "otherwise": otherwise,
        "not_read": not_read,
        "cash_after": _money(cash),
        "gap": left["gap"],
        "relative_gap": left["gap"] / abs(best) if abs(best or 0.0) > NOTHING else None,
        "gap_unit": document["objective"]["unit"],
        "gap_proven": bool(paper["gap_proven"]) and not searched,
    }


def cash_after(document: Mapping[str, Any]) -> Fraction:
    """Cash when everything is sold, bought and paid for."""
    orders, total = orders_of(document), ZERO
    for moved, value in zip(orders.moved, orders.settled, strict=True):
        total += -value if moved > 0 else value if moved < 0 else ZERO
    costs = sum((cents(written(t["commission"])) + cents(written(t["impact"])) for t in document["trades"]), ZERO)
    return orders.cash + total - costs


def _money(amount: Fraction) -> str:
    whole = round(amount * 100)
    return f"{'-' if whole < 0 else ''}{abs(whole) // 100}.{abs(whole) % 100:02d}"

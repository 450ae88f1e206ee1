"""A year's gains and losses added up by the rules that stand in the document, and how long is long.

By terms: what is left of losses of one term is set against gains of the other; the allowance goes to what is taxed most.
Pooled: one sum; losses of earlier years count before the allowance, or only down to it. Money is exact until it is due.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from portopt.verifier.exact import ZERO, written


@dataclass(frozen=True)
class Rules:
    """days, months: how long is not yet long, of one of the two; None of both where every gain is of one kind."""

    short_rate: Fraction
    long_rate: Fraction
    days: int | None
    months: int | None
    pooled: bool
    allowance: Fraction
    keeps_allowance: bool
    wash_before: int
    wash_after: int
    loss_value: Fraction
    method: str

    @property
    def knows_wash_sales(self) -> bool:
        return self.wash_before > 0 or self.wash_after > 0

    def is_long(self, bought: date | None, sold: date) -> bool:
        """Held from the day after the purchase; long on the day after the last day of the time that is not."""
        if bought is None or (self.days is None and self.months is None):
            return False
        if self.months is None:
            return (sold - bought).days > (self.days or 0)
        return sold >= _after_months(bought + timedelta(days=1), self.months)


def _after_months(first: date, months: int) -> date:
    """The day of that name so many months later; of a month without it the day after its last."""
    count = first.year * 12 + first.month - 1 + months
    year, month = count // 12, count % 12 + 1
    last = monthrange(year, month)[1]
    return date(year, month, first.day) if first.day <= last else date(year, month, last) + timedelta(days=1)


@dataclass(frozen=True)
class Record:
    """Money: net gains of the year before these sales; losses of earlier years, positive."""

    realized_short: Fraction
    realized_long: Fraction
    carried_short: Fraction
    carried_long: Fraction


def rules_of(section: Mapping[str, Any]) -> Rules:
    told = section["rules"]
    return Rules(
        written(told["short_rate"]),
        written(told["long_rate"]),
        told["long_after_days"],
        told["long_after_months"],
        bool(told["pooled"]),
        written(told["allowance"]),
        bool(told["keeps_allowance"]),
        int(told["wash_days_before"]),
        int(told["wash_days_after"]),
        written(told["loss_value"]),
        section["method"],
    )


def netted(rules: Rules, record: Record, short: Fraction, long: Fraction) -> dict[str, Fraction]:
    """The year with so much realized now. due is exact, not yet to the cent."""
    S, L = record.realized_short + short, record.realized_long + long
    found = (_pooled if rules.pooled else _by_term)(rules, record, S, L)
    due = rules.short_rate * found["taxed_short"] + rules.long_rate * found["taxed_long"]
    return {"short": S - record.carried_short, "long": L - record.carried_long, **found, "due": due}


def _pooled(rules: Rules, record: Record, S: Fraction, L: Fraction) -> dict[str, Fraction]:
    year, carried = S + L, record.carried_short + record.carried_long
    kept = rules.allowance if rules.keeps_allowance else ZERO
    used = min(carried, year - kept) if year > kept else ZERO
    left = year - used if year > used else ZERO
    free = min(left, rules.allowance)
    lost = -year if year < 0 else ZERO
    return _told(left - free, ZERO, free, carried - used + lost, ZERO)


def _by_term(rules: Rules, record: Record, S: Fraction, L: Fraction) -> dict[str, Fraction]:
    gain = {"short": S - record.carried_short, "long": L - record.carried_long}
    for of, other in (("short", "long"), ("long", "short")):
        if gain[of] < 0 < gain[other]:
            met = min(-gain[of], gain[other])
            gain[of], gain[other] = gain[of] + met, gain[other] - met
            break
    dearer = ("short", "long") if rules.short_rate >= rules.long_rate else ("long", "short")
    free, taxed = rules.allowance, {}
    for of in dearer:
        here = max(gain[of], ZERO)
        taxed[of] = max(here - free, ZERO)
        free -= here - taxed[of]
    left = {of: max(-amount, ZERO) for of, amount in gain.items()}
    return _told(taxed["short"], taxed["long"], rules.allowance - free, left["short"], left["long"])


def _told(taxed_short: Fraction, taxed_long: Fraction, free: Fraction, short: Fraction, long: Fraction) -> dict[str, Fraction]:
    return {
        "taxed_short": taxed_short,
        "taxed_long": taxed_long,
        "allowance_used": free,
        "carried_short": short,
        "carried_long": long,
    }


def worth(rules: Rules, record: Record, short: Fraction, long: Fraction) -> Fraction:
    """What is due, and where losses are left what they are held to be worth: what the program pays."""
    year = netted(rules, record, short, long)
    total = year["short"] + year["long"]
    return rules.loss_value * total if total <= 0 else year["due"]

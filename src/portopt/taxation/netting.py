"""Gains and losses of a year added up: first within their term, then across, then less what is free of tax.

By term (26 U.S.C. 1222, 1212(b)): a loss that was carried on counts in its own term; a net loss of one term is set against the
net gain of the other; what is left is carried on in the term it came from. Pooled: one sum and one rate. The order in which
losses and the allowance are used changes what is carried on.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portopt.domain.holdings import to_cents
from portopt.domain.tax import Netting, TaxRecord, TaxRules

ZERO = Decimal(0)


def netted(rules: TaxRules, record: TaxRecord, short: Decimal, long: Decimal) -> Netting:
    """The year with these gains realized now, in money; losses are negative, and what a wash sale takes away is not in them."""
    year = _year(rules, record, short, long)
    return Netting(
        short=record.realized_short + short - record.carried_short,
        long=record.realized_long + long - record.carried_long,
        taxed_short=year.taxed_short,
        taxed_long=year.taxed_long,
        allowance_used=year.allowance_used,
        due=year.due(rules),
        due_before=_year(rules, record, ZERO, ZERO).due(rules),
        carried_short=year.carried_short,
        carried_long=year.carried_long,
    )


@dataclass(frozen=True, slots=True)
class _Year:
    taxed_short: Decimal = ZERO
    taxed_long: Decimal = ZERO
    allowance_used: Decimal = ZERO
    carried_short: Decimal = ZERO
    carried_long: Decimal = ZERO

    def due(self, rules: TaxRules) -> Decimal:
        exact = self.taxed_short * _decimal(rules.short_rate) + self.taxed_long * _decimal(rules.long_rate)
        return to_cents(exact)


def _year(rules: TaxRules, record: TaxRecord, short: Decimal, long: Decimal) -> _Year:
    short, long = short + record.realized_short, long + record.realized_long
    if rules.pooled:
        return _pooled(rules, short + long, record.carried_short + record.carried_long)
    return _by_term(rules, short - record.carried_short, long - record.carried_long)


def _pooled(rules: TaxRules, year: Decimal, carried: Decimal) -> _Year:
    """One sum, which is written as short: where there are no terms, every gain is.

    Losses of earlier years are used first, whatever becomes of the allowance (EStG § 20 Abs. 9 Satz 4), or only down to it
    (HMRC, Capital Gains Manual CG18202).
    """
    used = min(carried, max(year - (rules.allowance if rules.keeps_allowance else ZERO), ZERO))
    gain = max(year - used, ZERO)
    free = min(gain, rules.allowance)
    return _Year(taxed_short=gain - free, allowance_used=free, carried_short=carried - used + max(-year, ZERO))


def _by_term(rules: TaxRules, short: Decimal, long: Decimal) -> _Year:
    """The allowance goes to what is taxed most, since it is the holder's to use: no law here says otherwise.

    S short, L long, A allowance: long_rate max(S + L - A, 0) + (short_rate - long_rate) max(min(S, S + L) - A, 0). It is convex
    where L keeps its sign, and not across L = 0: a long loss saves the short rate, a long gain costs the long one.
    """
    if min(short, long) < 0 < max(short, long):  # a net loss is set against the other term's net gain
        net = short + long
        is_short = (short > 0) == (net > 0)
        short, long = (net, ZERO) if is_short else (ZERO, net)
    gain_short, gain_long = max(short, ZERO), max(long, ZERO)
    if rules.short_rate >= rules.long_rate:
        free_short = min(gain_short, rules.allowance)
        free_long = min(gain_long, rules.allowance - free_short)
    else:
        free_long = min(gain_long, rules.allowance)
        free_short = min(gain_short, rules.allowance - free_long)
    return _Year(
        taxed_short=gain_short - free_short,
        taxed_long=gain_long - free_long,
        allowance_used=free_short + free_long,
        carried_short=max(-short, ZERO),
        carried_long=max(-long, ZERO),
    )


def _decimal(rate: float) -> Decimal:
    """The rate as it was written: 0.37 is 37 %, not what binary makes of it."""
    return Decimal(repr(rate))

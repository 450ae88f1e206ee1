"""The limits that `tax.limits` may name, written out, and those that a regime brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.problem import Limit, TermEntry
from portopt.domain.tax import TaxRules
from portopt.terms.tax_limits.max_gains import MaxGains
from portopt.terms.tax_limits.max_tax import MaxTax
from portopt.terms.tax_limits.min_holding_days import MinHoldingDays
from portopt.terms.tax_limits.no_short_term_gains import NoShortTermGains
from portopt.terms.tax_limits.substitutes import Substitutes
from portopt.terms.tax_limits.wash_sales import WashSales

PATH = "tax.limits"
TAX_LIMITS: dict[str, TermEntry] = {
    "max_tax": TermEntry("max_tax", "the most tax that the sales may add, in money", MaxTax.parse, "5000.00"),
    "max_gains": TermEntry(
        "max_gains",
        "the most that may be realized, short, long and net, in money",
        MaxGains.parse,
        {"short": 0, "net": "10000"},
    ),
    "no_short_term_gains": TermEntry(
        "no_short_term_gains", "no lot is sold at a short-term gain", NoShortTermGains.parse, True
    ),
    "min_holding_days": TermEntry("min_holding_days", "no lot is sold that was held for less", MinHoldingDays.parse, 31),
    "substitutes": TermEntry("substitutes", "of several substitutes the first", Substitutes.parse, True),
    "wash_sales": TermEntry("wash_sales", "no loss is realized that would not count", WashSales.parse, True),
}


def tax_limits(rules: TaxRules, value: float = 0.0) -> tuple[Limit, ...]:
    """What the rules say, and wash sales and holding days where they know them. value: of the portfolio, money.

    Raises UnknownField, InvalidValue.
    """
    found = parse_tax_limits({**_of_the_regime(rules), **rules.limits})
    return tuple(replace(limit, value=value) if isinstance(limit, MaxTax | MaxGains) else limit for limit in found)


def _of_the_regime(rules: TaxRules) -> dict[str, Any]:
    own: dict[str, Any] = {"wash_sales": True} if rules.has_wash_rule else {}
    own |= {"substitutes": True} if rules.substitutes else {}
    return own if rules.min_holding_days == 0 else {**own, "min_holding_days": rules.min_holding_days}


def parse_tax_limits(said: Any) -> tuple[Limit, ...]:
    """Each by its catalog name; None leaves one out."""
    if not isinstance(said, Mapping):
        raise InvalidValue(PATH, said, "is not a map of limit names to values", fix='write {"max_tax": "5000.00"}')
    found = []
    for name, value in said.items():
        if name not in TAX_LIMITS:
            raise UnknownField(name, TAX_LIMITS, path=PATH, value=value)
        if value is not None:
            found.append(TAX_LIMITS[name].parse(value))
    return tuple(limit for limit in found if limit is not None)

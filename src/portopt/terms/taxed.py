"""A problem with the lots of its book: what is taxed, by which rules, and what could not be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import numpy as np

from portopt.domain.holdings import Holdings
from portopt.domain.lot_book import LotBook, lot_name
from portopt.domain.problem import Problem
from portopt.domain.tax import TaxRules
from portopt.taxation.lot_book import lot_book
from portopt.taxation.rules import rules_of
from portopt.terms.tax import Tax
from portopt.terms.tax_limits.catalog import tax_limits

MOST_NAMED = 10


def taxed(
    problem: Problem, holdings: Holdings, said: Mapping[str, object], prices: Mapping[str, Decimal], as_of: date
) -> Problem:
    """The problem with lots, the tax on them, and the limits that the rules bring along; as it is where nobody told lots.

    said: the policy's `tax`. as_of: the day of the sale. Raises UnknownField, InvalidValue or MissingInput about `tax`.
    """
    if not said:
        return problem
    rules = rules_of(said)
    if holdings.tax is None or not holdings.tax.lots:
        return problem.replaced(notes=(*problem.notes, _without_lots(rules, holdings)))
    lots = lot_book(holdings, rules, problem.universe, prices, problem.previous(), holdings.value(prices), as_of)
    if not len(lots):
        return problem
    return problem.replaced(
        lots=lots,
        tax=Tax() if rules.weighed else None,
        limits=(*problem.limits, *tax_limits(rules, lots.value)),
        notes=(*problem.notes, *_notes(lots, rules, holdings)),
    )


def _without_lots(rules: TaxRules, holdings: Holdings) -> str:
    named = sorted(a for a, n in holdings.shares.items() if n > 0)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    who = f"{', '.join(named[:MOST_NAMED])}{more} have" if named else "nothing that is held has"
    return f"the policy knows taxes ({rules.name}), and {who} no tax lots: no tax was estimated and none changed the trades"


def _notes(lots: LotBook, rules: TaxRules, holdings: Holdings) -> tuple[str, ...]:
    notes = []
    unknown = np.flatnonzero(lots.unknown)
    if len(unknown):
        named = ", ".join(lot_name(lots.lots[int(k)]) for k in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
        notes.append(
            f"nobody knows what was paid for {named}{more}: where it is sold all of the proceeds count as a gain; "
            "give cost_per_share of these lots"
        )
    held = {(lot.asset_id, lot.lot_id) for lot in lots.lots}
    gone = [f"{lot_id} of {asset}" for asset, ids in rules.specified.items() for lot_id in ids if (asset, lot_id) not in held]
    if gone:
        more = f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else ""
        notes.append(f"tax.specified names lots that are not held, and were passed over: {', '.join(gone[:MOST_NAMED])}{more}")
    if rules.currency and rules.currency != holdings.currency:
        notes.append(
            f"{rules.name} is counted in {rules.currency}, the portfolio in {holdings.currency}: amounts were not converted"
        )
    return tuple(notes)

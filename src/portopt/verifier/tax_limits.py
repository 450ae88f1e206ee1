"""Limits on lots, gains and the tax, from their definitions, on what a book sells of each lot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from portopt.verifier.book import Held, Question
from portopt.verifier.exact import ZERO, written
from portopt.verifier.lots import KEEPS, Lots
from portopt.verifier.reading import OPEN, NotRead, Reading

Reader = Callable[[Mapping[str, Any], Held, Question], Iterator[Reading]]
OF_GAINS = {"short": (1, 0), "long": (0, 1), "net": (1, 1)}


def tax_of(held: Held, q: Question) -> Fraction:
    """A fraction of the portfolio; nothing where no tax is estimated."""
    return ZERO if q.lots is None else q.lots.tax(sold_at(held, q))


def sold_at(held: Held, q: Question) -> Sequence[Fraction]:
    """What of each lot goes there, in weights. Raises NotRead."""
    lots = _lots(q)
    if held.sold is not None:
        return held.sold
    if held.name in lots.told:
        return lots.told[held.name]
    if held.name == "w_prev":
        return [ZERO] * len(lots.lots)
    raise NotRead("the document does not say which lots go there")


def _lots(q: Question) -> Lots:
    if q.lots is None:
        raise NotRead("the document has no lots")
    return q.lots


def _kept(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    """Lots that stay."""
    lots, slack = _lots(q), written(limit["slack"])
    at = sorted(KEEPS[limit["kind"]](lots, limit))
    sold = sold_at(held, q) if at else ()
    yield from (Reading(lots.lots[k].called, sold[k], OPEN, slack) for k in at)


def _wash_sales(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield from _kept(limit, held, q)
    yield from _not_bought(_lots(q).no_buys, limit, held, q)


def _substitutes(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield from _not_bought(_lots(q).later, limit, held, q)


def _not_bought(assets: Collection[str], limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    for i, a in enumerate(q.ids):
        if a in assets and q.before is not None:
            yield Reading(a, held.w[i], OPEN, q.before[i] + written(limit["slack"]))


def _most_tax(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading("", tax_of(held, q), OPEN, _of_money(limit["limit"], limit, q))


def _most_gains(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    short, long = _lots(q).realized(sold_at(held, q))
    for name, (a, b) in OF_GAINS.items():
        if limit[name] is not None:
            yield Reading(name, a * short + b * long, OPEN, _of_money(limit[name], limit, q))


def _of_money(amount: Any, limit: Mapping[str, Any], q: Question) -> Fraction:
    return written(amount) / _lots(q).value + written(limit["slack"])


TAX_READERS: Mapping[str, Reader] = {
    "wash_sales": _wash_sales,
    "substitutes": _substitutes,
    "no_short_term_gains": _kept,
    "min_holding_days": _kept,
    "max_tax": _most_tax,
    "max_gains": _most_gains,
}

"""What a check of the taxes takes beside the section `taxes`: every lot, the record before, and what is sold in weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from portopt.document.decision import weights_of
from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.domain.lot_book import LotBook
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.terms.shared.lot_choice import lot_choice


def lots_evidence(outcome: RebalanceOutcome) -> dict[str, Any] | None:
    """None where the problem has no lots. Lots are parallel lists, each asset's in the order in which its method sells them.

    blocked: [position, why] of lots whose loss would not count. no_buys: by asset, why it is not bought. later: substitutes
    that a better one keeps from being bought. sold: of the book before whole shares and of the one after, the lots sold and
    how much of each, in weights.
    """
    problem, lots = outcome.problem, outcome.problem.lots
    if lots is None:
        return None
    record = outcome.request.funded.tax or TaxRecord()
    books = {
        "target_weights": outcome.validated.weights,
        "weights_after": weights_of(outcome.plan, problem.universe, "weight_after"),
    }
    return {
        "record": _record(record),
        "lots": _parallel(Lot, lots.lots),
        "closed": _parallel(ClosedLot, record.closed),
        **_untold(lots, record),
        "blocked": [[k, lots.blocked[k]] for k in sorted(lots.blocked)],
        "no_buys": {problem.universe.ids[i]: lots.no_buys[i] for i in sorted(lots.no_buys)},
        "later": [problem.universe.ids[i] for i in sorted(lots.later)],
        **_words(lots),
        "sold": {name: _sold(lot_choice(w, problem).sold) for name, w in books.items()},
    }


def _untold(lots: LotBook, record: TaxRecord) -> dict[str, list[int]]:
    """Positions of lots that stand for shares of which no lot was told; nothing where there are none."""
    told = {(lot.asset_id, lot.lot_id) for lot in record.lots}
    at = [k for k, lot in enumerate(lots.lots) if (lot.asset_id, lot.lot_id) not in told]
    return {"untold": at} if at else {}


def _record(record: TaxRecord) -> dict[str, str]:
    names = ("realized_short", "realized_long", "carried_short", "carried_long")
    return {name: str(getattr(record, name)) for name in names}


def _parallel(of: type[Lot] | type[ClosedLot], lots: Sequence[Lot | ClosedLot]) -> dict[str, list[Any]]:
    """A list a field; numbers as texts."""
    return {field.name: [_text(getattr(lot, field.name)) for lot in lots] for field in fields(of)}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _words(lots: LotBook) -> dict[str, Any]:
    """What the rules say of single assets."""
    rules = lots.rules
    specified = {"specified": plain(rules.specified)} if rules.method == "specified" else {}
    return {**specified, **({"identical": plain(rules.identical)} if rules.identical and rules.has_wash_rule else {})}


def _sold(sold: Vector) -> dict[str, Any]:
    at = np.flatnonzero(sold)
    return {"at": plain(at), "weights": plain(sold[at])}

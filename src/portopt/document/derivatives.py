"""Previews as data: columns once, directions in few digits, and no more than a page should carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from portopt.document.prices import amount_in_words, step_in_words
from portopt.document.weights import by_asset
from portopt.domain.arrays import Vector
from portopt.domain.canonical import canonical_json
from portopt.domain.previews import Move, Previews

MOST_BYTES, SPARE = 100_000, 4_000  # of the document, and of that for what is left out
DIGITS = 10  # of a weight, and of what is added to one: far below what a preview is told to hold to
STEP = 0.01  # of a value, to tell its price in words
TOO_LARGE = f"there are dearer ones, and the whole would be more than {MOST_BYTES:,} bytes: a what-if solves it"


def derivatives_document(found: Previews) -> dict[str, Any]:
    """The dearest moves first, as many as keep the document small."""
    problem = found.problem
    value = problem.portfolio_value
    moves, left = [_move(move) for move in found.moves], [{"path": one.path, "why": one.why} for one in found.left_out]
    document: dict[str, Any] = {
        "run_id": found.run_id,
        "portfolio_id": problem.portfolio_id,
        "policy": found.request.policy.id,
        "pricing_pack_id": found.rests_on.pricing_pack_id,
        "as_of": found.rests_on.as_of.isoformat(),
        "portfolio_value": None if value is None else f"{value:.2f}",
        "currency": found.request.holdings.currency,
        "assets": list(by_asset(problem, found.stands)),
        "now": _numbers(problem.previous()),
        "stands": _numbers(found.stands, 14),
        "prices": [None if np.isnan(price) else price for price in found.prices.tolist()],
        "shares": [int(n) if n.is_integer() else n for n in found.shares.tolist()],
        "figures": dict(found.figures),
        "moves": [],
        "left_out": left,
        "notes": list(found.notes),
    }
    room = MOST_BYTES - SPARE - len(canonical_json(document))
    for move in moves:
        size = len(canonical_json(move)) + 1
        if size <= room:
            document["moves"].append(move)
            room -= size
        else:
            left.append({"path": move["path"], "why": TOO_LARGE})
    return document


def _move(move: Move) -> dict[str, Any]:
    curve = move.curve
    return {
        "path": move.path,
        "title": move.title,
        "value": curve.value,
        "unit": move.unit,
        "low": curve.low,
        "high": curve.high,
        "until_low": curve.until_low,
        "until_high": curve.until_high,
        "by": "inverse" if curve.inverse else "value",
        "scale": curve.scale,
        "directions": [
            {"at": one.at.tolist(), "by": _numbers(one.by, DIGITS + 2), "coefficients": list(one.coefficients)}
            for one in curve.directions
        ],
        "figures": {name: None if found is None else list(found) for name, found in move.figures.items()},
        "price": _price(move),
    }


def _price(move: Move) -> Mapping[str, Any] | None:
    if move.price is None:
        return None
    worth = abs(move.price * STEP)
    sign = "loses" if move.price < 0.0 else "gains"
    sentence = f"{step_in_words(STEP, move.unit)} more {sign} {amount_in_words(worth, move.price_unit)}."
    return {"per_unit": move.price, "unit": move.price_unit, "sentence": sentence}


def _numbers(found: Vector, digits: int = DIGITS) -> list[float]:
    return [x + 0.0 for x in np.round(found, digits).tolist()]

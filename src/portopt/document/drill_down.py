"""One trade and one limit of a proposal, as data."""

from __future__ import annotations

import math
from typing import Any

from portopt.analysis.pulls import CONSTRUCTION, COST, GOALS, RETURN, RISK, TAX, UNCERTAINTY
from portopt.document.choices import edit_document
from portopt.document.prices import amount_in_words, step_in_words
from portopt.domain.canonical import plain
from portopt.domain.drill_down import Believed, LimitDetail, TradeDetail
from portopt.domain.sensitivity import Derivative

OBJECTIVE = (RETURN, RISK, COST, TAX, CONSTRUCTION, UNCERTAINTY, GOALS)  # what pulls beside limits
MOST_TRADES = 20
STILL = 1e-12
STEP = 0.01


def trade_document(found: TradeDetail) -> dict[str, Any]:
    """Terms of its marginal utility in basis points a year for a unit of weight; at the optimum they add up to zero."""
    pulls = {} if found.position is None else dict(found.position["pulls"])
    terms = [
        {"name": name, "pull": pull, "kind": "objective" if name in OBJECTIVE else "limit"} for name, pull in pulls.items()
    ]
    return {
        "run_id": found.run_id,
        "portfolio_id": found.portfolio_id,
        "pricing_pack_id": found.pricing_pack_id,
        "asset_id": found.asset_id,
        "trade": None if found.trade is None else plain(found.trade),
        "position": None if found.position is None else plain(found.position),
        "marginal": {
            "unit": "bps a year for a unit of weight",
            "terms": sorted(terms, key=lambda term: (-abs(term["pull"]), term["name"])),
            "sum": math.fsum(pulls.values()),
        },
        "limits": [plain(row) for row in found.prices],
        "views": None if found.believed is None else _believed(found.believed),
        "refused": None if found.refused is None else _refused(found),
        "why_not": found.why_not,
        "history": {
            "holdings": [plain(one) for one in found.held],
            "proposals": [plain(one) for one in found.proposed],
        },
    }


def _believed(found: Believed) -> dict[str, Any]:
    """The pull of all views together, in the unit of the other terms."""
    return {
        "expected_return_before": found.before,
        "expected_return_after": found.after,
        "pull": 1e4 * (found.after - found.before),
        "named": [plain(one) for one in found.named],
    }


def _refused(found: TradeDetail) -> dict[str, Any]:
    """The trades that change most, the refused one first."""
    document = edit_document(found.refused) if found.refused is not None else {}
    kept = ("run_id", "price", "stands", "edited", "certificate", "notes")
    told: dict[str, Any] = {name: document[name] for name in kept}
    for side in ("stands", "edited"):
        told[side] = {name: value for name, value in told[side].items() if name != "weights"}
    moved = [row for row in document["trades"] if abs(row["after"] - row["stands"]) > STILL]
    return {**told, "trades": moved[:MOST_TRADES]}


def limit_document(found: LimitDetail, member: str | None = None) -> dict[str, Any]:
    """member: of whom alone; None is every one that binds, and all together."""
    problem, readings = found.problem, found.readings
    rows = zip(readings.members, readings.measured.tolist(), readings.lower.tolist(), readings.upper.tolist(), strict=True)
    moves = [move for move in found.moves if member in (None, move.member)]
    return {
        "run_id": found.run_id,
        "portfolio_id": problem.portfolio_id,
        "limit": found.limit.kind,
        "title": found.limit.noun,
        "description": found.limit.describe(),
        "binds": bool(found.moves),
        "members": [_move(found, move) for move in moves],
        "readings": [
            {"member": name, "measured": at, "lower": _open(low), "upper": _open(high), "unit": readings.unit}
            for name, at, low, high in rows
            if member in (None, name)
        ],
        "notes": list(found.notes),
    }


def _move(found: LimitDetail, move: Derivative) -> dict[str, Any]:
    order = sorted(range(found.problem.n), key=lambda i: -abs(move.weights[i]))[:MOST_TRADES]
    ids = found.problem.universe.ids
    return {
        "member": move.member,
        "side": move.side,
        "unit": move.unit,
        "price": _price(move),
        "up": _open(move.up),
        "down": _open(move.down),
        "until_up": move.until_up,
        "until_down": move.until_down,
        "is_exact": move.is_exact,
        "trades": [
            {"asset_id": ids[i], "weight_per_unit": float(move.weights[i])} for i in order if abs(move.weights[i]) > STILL
        ],
    }


def _price(move: Derivative) -> dict[str, Any] | None:
    if move.worth_per_unit is None:
        return None
    worth = amount_in_words(move.worth_per_unit * STEP, move.worth_unit)
    sentence = f"{step_in_words(STEP, move.unit)} more room is worth {worth}, at the margin."
    return {"per_unit": move.worth_per_unit, "unit": move.worth_unit, "sentence": sentence}


def _open(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""What the books are made of: sectors and asset classes beside their limits, and how they score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from portopt.document.decision import weights_of
from portopt.domain.arrays import Vector
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, NO_GROUP

GROUPS: tuple[tuple[Literal["sector", "asset_class"], str], ...] = (
    ("sector", "sector_limits"),
    ("asset_class", "asset_class_limits"),
)
SCORES: tuple[tuple[Literal["esg_score", "quality_score"], str], ...] = (
    ("esg_score", "ESG score"),
    ("quality_score", "Quality score"),
)


def books(outcome: RebalanceOutcome) -> dict[str, Vector | None]:
    """(n,) weights of the book before, of the book that the orders give, and of the benchmark."""
    problem = outcome.problem
    after = weights_of(outcome.plan, problem.universe, "weight_after")
    return {"before": problem.w_prev, "after": after, "benchmark": problem.benchmark}


def groups(outcome: RebalanceOutcome) -> dict[str, list[dict[str, Any]]]:
    """By sector and by asset class: weights before, after and in the benchmark, and the sides of the limit on each.

    The largest after the orders first; what has none is "(none)", and cash stands last, bound by neither limit. Empty where no
    asset has the attribute.
    """
    held = books(outcome)
    return {attribute: _groups(outcome.problem, held, attribute, limit) for attribute, limit in GROUPS}


def _groups(
    problem: Problem, held: Mapping[str, Vector | None], attribute: Literal["sector", "asset_class"], kind: str
) -> list[dict[str, Any]]:
    members = problem.universe.groups(attribute)
    cash = problem.universe.cash_position
    members = {name: at[at != cash] if cash is not None else at for name, at in members.items()}
    members = {name: at for name, at in members.items() if len(at)}
    if not members:
        return []
    if len(blank := problem.universe.ungrouped(attribute)):
        members[NO_GROUP] = blank
    limit = problem.limit(kind)
    reading = None if limit is None else limit.read(problem.previous(), problem)
    rows: list[dict[str, Any]] = []
    for name, at in members.items():
        row: dict[str, Any] = {"name": name, **{side: None if w is None else float(w[at].sum()) for side, w in held.items()}}
        lower, upper = (None, None) if reading is None else reading.sides(name) or (None, None)
        rows.append({**row, "lower": _side(lower), "upper": _side(upper)})
    rows.sort(key=lambda row: (-row["after"], row["name"]))
    if cash is not None:
        rows.append(
            {
                "name": CASH,
                **{side: None if w is None else float(w[cash]) for side, w in held.items()},
                "lower": None,
                "upper": None,
            }
        )
    return rows


def _side(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def scores(outcome: RebalanceOutcome) -> list[dict[str, Any]]:
    """Of every score that some asset has: its average over what is scored, by weight, and the share of the money that is.

        sum over scored of w_i s_i / sum over scored of w_i      cash is not scored; long books

    null where nothing that is held is scored.
    """
    held = books(outcome)
    return [row for row in (_score(outcome.problem, held, name, label) for name, label in SCORES) if row]


def _score(
    problem: Problem, held: Mapping[str, Vector | None], name: Literal["esg_score", "quality_score"], label: str
) -> dict[str, Any] | None:
    values = problem.universe.scores(name)
    scored = np.isfinite(values) & ~problem.universe.is_cash
    if not scored.any():
        return None
    row: dict[str, Any] = {"name": name, "label": label}
    for side, w in held.items():
        share = None if w is None else float(w[scored].sum())
        row[side] = float(w[scored] @ values[scored]) / share if w is not None and share is not None and share > 0.0 else None
        row[f"{side}_scored"] = share
    return row

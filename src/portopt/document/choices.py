"""What a desk asks around a proposal, as data: every number, and the sentences that are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from portopt.document.decision import FIGURES
from portopt.document.formats import measure
from portopt.document.prices import amount_in_words
from portopt.document.weights import by_asset
from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.domain.choices import (
    Alternative,
    Alternatives,
    Broken,
    Edited,
    Measured,
    Preview,
    Readiness,
    WhatIf,
    Worth,
)
from portopt.domain.problem import Problem

MOST_TRADES = 20  # told of each choice, the largest first
STILL = 1e-9
WITHOUT_VALUE = "has no value"  # a risk budget without some asset: the objective has none there
LEAST_TOLD = 0.1  # basis points a year, beside other choices


def alternatives_document(found: Alternatives) -> dict[str, Any]:
    """Every choice in the same figures, and those there are not with the reason."""
    problem = found.problem
    return {
        **_about(problem, found),
        "headline": {"says": f"{len(found.choices)} choices: {', '.join(choice.name for choice in found.choices)}"},
        "objective": problem.objective.describe(),
        "alternatives": [_alternative(problem, choice) for choice in found.choices],
        "not_offered": [plain(one) for one in found.not_offered],
        "notes": list(problem.notes),
    }


def edit_document(found: Edited) -> dict[str, Any]:
    """What was decided, what it costs, and the trades beside those that stand."""
    problem = found.problem
    return {
        **_about(problem, found),
        "headline": {"says": ", ".join(f"{name} {words}" for name, words in found.pins) or "nothing is pinned any more"},
        "pinned": [{"asset_id": name, "trade": words} for name, words in found.pins],
        "run_id": found.run_id,
        "price": {**plain(found.price), "sentence": price_sentence(found.price, "The edit")},
        "stands": measured(problem, found.stands),
        "edited": measured(problem, found.edited),
        "trades": _beside(problem, found.stands.weights, found.edited.weights),
        "certificate": found.certificate.without_readings(),
        "notes": [*problem.notes, *found.notes],
    }


def what_if_document(found: WhatIf) -> dict[str, Any]:
    """What was moved, what it is worth, the linear answer and the certified one, beside what stands."""
    problem = found.problem
    return {
        **_about(problem, found),
        "headline": {"says": ", ".join(moved_in_words(*move) for move in found.moved)},
        "moved": [{"path": path, "before": plain(before), "after": plain(after)} for path, before, after in found.moved],
        "run_id": found.run_id,
        "worth": {**plain(found.worth), "sentence": price_sentence(found.worth, "It")},
        "stands": measured(problem, found.stands),
        "after": measured(problem, found.after),
        "preview": None if found.preview is None else _preview(problem, found.preview),
        "trades": _beside(problem, found.stands.weights, found.after.weights),
        "certificate": found.certificate.without_readings(),
        "left_out": [{**plain(left), "sentence": left.sentence} for left in found.left_out],
        "notes": [*problem.notes, *found.notes],
    }


def measured(problem: Problem, m: Measured) -> dict[str, Any]:
    """One book in figures: fractions, annual; cost once, also in money where the portfolio's value is known."""
    value = problem.portfolio_value
    return {
        "turnover": m.turnover,
        "cost": m.cost,
        "cost_value": None if value is None else f"{m.cost * value:.2f}",
        **({} if m.tax is None else {"tax": str(m.tax)}),
        **{name: getattr(m.figures, name) for name in FIGURES},
        "esg_score": m.esg_score,
        "drift": m.drift,
        "worth": None if m.worth is None else plain(m.worth),
        "limits_broken": [{**plain(one), "sentence": broken_sentence(one)} for one in m.broken],
        "weights": {a: w for a, w in by_asset(problem, m.weights).items() if w != 0.0},
    }


def broken_sentence(one: Broken) -> str:
    """`max_weight: AAPL is at 12.43 %, beyond 10.00 %, and 2 more`."""
    whose = one.member or "it"
    side = "beyond" if one.measured > one.bound else "below"
    more = f", and {one.others} more" if one.others else ""
    soft = "; it is a wish, and its shortfall is priced" if one.soft else ""
    return f"{one.limit}: {whose} is at {measure(one.measured, one.unit)}, {side} {measure(one.bound, one.unit)}{more}{soft}"


def compared(worth: Mapping[str, Any] | None) -> str:
    """The same to a tenth of a basis point, beside others: `gives up 12.3 bps a year`, `as good to 0.1 bps`."""
    if worth is None or worth["gives_up_return"] is None:
        return gives_up_in_words(worth)
    lost = 1e4 * worth["gives_up_return"]
    if abs(worth["gives_up_return"]) < STILL:
        return "as good"
    return (
        "as good to 0.1 bps" if abs(lost) < LEAST_TOLD else f"{'gives up' if lost > 0 else 'gains'} {abs(lost):,.1f} bps a year"
    )


def gives_up_in_words(worth: Mapping[str, Any] | None) -> str:
    """`gives up 12.3 bps a year`, `gains 0.02 pp of volatility`, `as good`; nothing where nothing is priced."""
    if worth is None:
        return ""
    by_return = worth["gives_up_return"]
    amount, unit = (worth["gives_up"], worth["unit"]) if by_return is None else (by_return, "return")
    if amount is None:
        return WITHOUT_VALUE
    if abs(amount) < STILL:
        return "as good"
    return f"{'gives up' if amount > 0 else 'gains'} {amount_in_words(abs(amount), unit)}"


def price_sentence(worth: Worth, who: str) -> str:
    """`The edit gives up 12.3 bps a year of certain-equivalent return: 0.0123 of the Sharpe ratio.`"""
    said = gives_up_in_words(plain(worth))
    if said == "as good":
        return f"{who} costs nothing that the policy counts."
    if said == WITHOUT_VALUE:
        return f"{who} cannot be priced: the policy's objective has no value there."
    if worth.gives_up_return is None:
        return f"{who} {said}."
    own = "" if worth.unit == "return" else f": {amount_in_words(abs(worth.gives_up), worth.unit)}"
    return f"{who} {said} of certain-equivalent return{own}."


def moved_in_words(path: str, before: object, after: object) -> str:
    """`limits.max_turnover: 0.2 → 0.15`"""
    return f"{path}: {_shown(before)} → {_shown(after)}"


def _shown(value: object) -> str:
    return "none" if value is None else str(plain(value))


def _about(problem: Problem, found: Alternatives | Edited | WhatIf) -> dict[str, Any]:
    value, rests_on, request = problem.portfolio_value, found.rests_on, found.request
    return {
        "portfolio_id": problem.portfolio_id,
        "about_run": found.about_run,
        "policy": request.policy.id,
        "policy_version": request.policy.method_version,
        "pricing_pack_id": rests_on.pricing_pack_id,
        "as_of": rests_on.as_of.isoformat(),
        "portfolio_value": None if value is None else f"{value:.2f}",
        "currency": request.holdings.currency,
    }


def _alternative(problem: Problem, choice: Alternative) -> dict[str, Any]:
    return {
        "name": choice.name,
        "title": choice.title,
        "about": choice.about,
        "run_id": choice.run_id or None,
        "certified": choice.certificate is not None or not choice.measured.broken,
        **measured(problem, choice.measured),
        "gives_up": compared(None if choice.measured.worth is None else plain(choice.measured.worth)),
        "trades": _trades(problem, choice.measured.weights),
        "gave_way": list(choice.gave_way),
        "certificate": None if choice.certificate is None else choice.certificate.without_readings(),
    }


def _trades(problem: Problem, w: Vector) -> list[dict[str, Any]]:
    """The largest changes of weight from the book."""
    now = problem.previous()
    moved = sorted(np.flatnonzero(np.abs(w - now) > STILL).tolist(), key=lambda i: (-abs(w[i] - now[i]), i))
    ids = problem.universe.ids
    return [{"asset_id": ids[i], "weight_before": float(now[i]), "weight_after": float(w[i])} for i in moved[:MOST_TRADES]]


def _beside(problem: Problem, stands: Vector, after: Vector) -> list[dict[str, Any]]:
    """Every asset that either trades, what differs most first."""
    now, ids = problem.previous(), problem.universe.ids
    moved = (np.abs(stands - now) > STILL) | (np.abs(after - now) > STILL)
    order = sorted(np.flatnonzero(moved).tolist(), key=lambda i: (-abs(after[i] - stands[i]), -abs(after[i] - now[i]), i))
    return [
        {"asset_id": ids[i], "now": float(now[i]), "stands": float(stands[i]), "after": float(after[i]),
         "value": _money(problem, float(after[i] - now[i]))}
        for i in order
    ]  # fmt: skip


def _money(problem: Problem, change: float) -> str | None:
    return None if problem.portfolio_value is None else f"{change * problem.portfolio_value:.2f}"


def _preview(problem: Problem, preview: Preview) -> dict[str, Any]:
    reach = preview.reach if np.isfinite(preview.reach) else None
    return {
        "weights": {a: w for a, w in by_asset(problem, preview.weights).items() if w != 0.0},
        "reach": reach,
        "inside": reach is None or reach >= 1.0,
        "until": preview.until,
        "is_exact": preview.is_exact,
        "differs": preview.differs,
    }


def ready_document(found: Readiness) -> dict[str, Any]:
    """The answer, each reason, and what to do: what stops first, then what is to be known."""
    order = ("stop", "but", "ok")
    reasons = sorted(found.reasons, key=lambda reason: order.index(reason.status))
    return {
        "portfolio_id": found.portfolio_id,
        "policy": found.policy,
        "on": found.on.isoformat(),
        "answer": found.answer,
        "called_for": found.called_for,
        "sentence": _ready_sentence(found),
        "reasons": [plain(reason) for reason in reasons],
        "pricing_pack_id": None if found.rests_on is None else found.rests_on.pricing_pack_id,
        "as_of": None if found.rests_on is None else found.rests_on.as_of.isoformat(),
    }


def _ready_sentence(found: Readiness) -> str:
    """`No: XNYS is closed on 2024-07-04; its next session is 2024-07-05.`"""
    telling = {"no": "stop", "yes, but": "but"}.get(found.answer)
    first = next((reason.detail for reason in found.reasons if reason.status == telling), None)
    if first is None:
        calls = next((reason.detail for reason in found.reasons if reason.calls), "nothing calls for it")
        return f"Yes: {calls}."
    return f"{found.answer.capitalize()}: {first}."

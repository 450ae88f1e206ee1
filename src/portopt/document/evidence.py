"""Why the answer can be trusted: limits read off the book, their prices, where the risk sits, the audit, the data."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from typing import Any

import numpy as np

from portopt.analysis import Attempts
from portopt.analysis.risk_figures import risk_figures
from portopt.document.lots_evidence import lots_evidence
from portopt.document.program import beside, program, terms_as_solved
from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.domain.diagnosis import Diagnosis
from portopt.domain.explanation import FrontierPoint, RiskContribution
from portopt.domain.market import MarketSnapshot
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.problem import Limit, Problem, Readings

# A reading this close to its side at the continuous optimum presses on it; the polish makes such contacts exact.
TOUCHES = 1e-7
MOST_SCENARIOS = 5_000
MOST_READINGS = 3_200  # of one limit; beyond, those that bind or read something, then the tightest


def limits(outcome: RebalanceOutcome, said: Attempts) -> list[dict[str, Any]]:
    """Every limit with every reading of the whole-share book, beside the book before and the continuous optimum.

    binding: the continuous optimum touches that side. slack: distance of the whole-share book to the nearer side.
    """
    problem = outcome.problem
    at_target = {reading.limit: reading for reading in outcome.validated.certificate.readings}
    priced = {(price.limit, price.member) for price in outcome.explanation.prices}
    found = []
    for reading in outcome.plan.readings:
        limit = problem.limit(reading.limit)
        before = said.attempt(f"{reading.limit} of the book before", partial(_before, limit, problem))
        target = at_target.get(reading.limit)
        rows = _rows(reading, before, target, priced)
        found.append(
            {
                "limit": reading.limit,
                "description": limit.describe() if limit is not None else reading.limit,
                "unit": reading.unit,
                "soft": limit is not None and limit.soft,
                "structural": limit is not None and limit.structural,
                "holds": reading.worst() <= outcome.validated.certificate.tolerances.feasibility,
                "worst_violation": reading.worst(),
                "binding": any(row["binding"] for row in rows),
                "readings": rows if len(rows) <= MOST_READINGS else _tellings(rows),
                **({"readings_left_out": len(rows) - MOST_READINGS} if len(rows) > MOST_READINGS else {}),
            }
        )
    return found


def _before(limit: Limit | None, problem: Problem) -> Readings | None:
    return None if limit is None or problem.w_prev is None else limit.read(problem.w_prev, problem)


def _rows(
    after: Readings, before: Readings | None, target: Readings | None, priced: set[tuple[str, str]]
) -> list[dict[str, Any]]:
    old = dict(zip(before.members, _listed(before.measured), strict=True)) if before is not None else {}
    new = dict(zip(target.members, _pairs(target.measured, target.slack()), strict=True)) if target else {}
    sides = (_listed(part) for part in (after.measured, after.lower, after.upper, after.slack()))
    rows = []
    for member, measured, lower, upper, slack in zip(after.members, *sides, strict=True):
        at, room = new.get(member, (None, math.inf))
        rows.append(
            {
                "member": member,
                "before": old.get(member),
                "target": at,
                "measured": measured,
                "lower": lower,
                "upper": upper,
                "slack": slack,
                "binding": room <= TOUCHES or (after.limit, member) in priced,
            }
        )
    return rows


def _listed(values: Vector) -> list[float]:
    """As numbers of Python, which are written in a fraction of the time of NumPy's."""
    return [*np.asarray(values).tolist()]


def _pairs(first: Vector, second: Vector) -> list[tuple[float, float]]:
    return list(zip(_listed(first), _listed(second), strict=True))


def _tellings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The MOST_READINGS rows that say most, in their order."""

    def silence(i: int) -> tuple[bool, bool, float]:
        row = rows[i]
        return not row["binding"], not any(row[key] for key in ("before", "target", "measured")), row["slack"]

    return [rows[i] for i in sorted(sorted(range(len(rows)), key=silence)[:MOST_READINGS])]


def risk(contributions: tuple[RiskContribution, ...]) -> dict[str, list[dict[str, Any]]]:
    """Contributions to volatility by asset and by sector, the largest first."""
    ordered = sorted(contributions, key=lambda part: (-part.contribution, part.name))
    rows: dict[str, list[dict[str, Any]]] = {"by_asset": [], "by_sector": []}
    for part in ordered:
        row = {"name": part.name, "weight": part.weight, "contribution": part.contribution, "share": part.share}
        rows[f"by_{part.of}"].append(row)
    return rows


def risk_measures(outcome: RebalanceOutcome) -> list[dict[str, Any]]:
    """Every risk measure of the book before and of the whole-share book; the returns that both would have had stand among the
    inputs (in_sample_returns). Empty without scenarios, or with very many.
    """
    problem, scenarios = outcome.problem, outcome.problem.moments.scenarios
    if scenarios is None or len(scenarios) > MOST_SCENARIOS or problem.w_prev is None:
        return []
    weights = {line.asset_id: line.weight_after for line in outcome.plan.lines}
    after = problem.universe.vector({a: w for a, w in weights.items() if a in problem.universe.positions})
    rows = zip(risk_figures(problem, problem.w_prev), risk_figures(problem, after), strict=True)
    return [
        {"kind": now.kind, "name": now.name, "confidence": now.confidence, "before": was.value, "after": now.value}
        for was, now in rows
    ]


def frontier(outcome: RebalanceOutcome) -> dict[str, Any] | None:
    """The efficient frontier and the portfolios to compare with; `proposed` is the whole-share book."""
    line = outcome.frontier
    if line is None:
        return None
    after = outcome.plan.after
    return {
        "points": [_point(point) for point in line.points],
        "current": _point(line.current),
        "proposed": {
            "expected_return": after.expected_return,
            "volatility": after.volatility,
            "sharpe_ratio": after.sharpe_ratio,
            "weights": None,
        },
        "target": _point(line.target),
        "optimal": _point(line.optimal),
        "min_risk": _point(line.min_risk),
        "max_return": _point(line.max_return),
        "without": list(line.without),
    }


def _point(point: FrontierPoint | None) -> dict[str, Any] | None:
    return None if point is None else dict(plain(point))


def certificate(outcome: RebalanceOutcome) -> dict[str, Any]:
    """What the audit measured, its tolerances, and which engine gave the answer it looked at."""
    paper, raw = outcome.validated.certificate, outcome.validated.solution.raw
    return {
        "verdict": paper.verdict,
        "problem_identity": paper.problem_identity,
        "worst_violation": paper.worst_violation,
        "worst_limit": paper.worst_limit,
        "stationarity": paper.stationarity,
        "dual_infeasibility": paper.dual_infeasibility,
        "complementarity": paper.complementarity,
        "objective": paper.objective,
        "gap": paper.gap,
        "relative_gap": paper.relative_gap,
        "gap_proven": paper.gap_proven,
        "claims": [{"claim": claim, "found": found} for claim, found in paper.claims],
        "weight_sum": paper.weight_sum,
        "exact_zeros": paper.exact_zeros,
        "mip_gap": paper.mip_gap,
        "shortfalls": [{"limit": limit, "shortfall": by} for limit, by in paper.shortfalls],
        "tolerances": plain(paper.tolerances),
        "engine": None if raw is None else {"solver": raw.solver, "iterations": raw.iterations, "polished": raw.polished},
    }


def to_check(outcome: RebalanceOutcome) -> dict[str, Any]:
    """What a check of the document takes beside its figures: the limits as solved, and the program with its multipliers."""
    problem, form, raw = outcome.problem, outcome.form, outcome.validated.solution.raw
    solved = None if form is None else program(problem, form, raw)
    lots = lots_evidence(outcome)
    told = {} if lots is None else {"lots": lots}
    return {"limits": terms_as_solved(problem), **beside(problem), **told, "program": solved}


def pricing_pack(snapshot: MarketSnapshot) -> dict[str, Any]:
    """Which prices, from where, how old."""
    first, last = (str(snapshot.dates[i].astype("datetime64[D]")) for i in (0, -1))
    age = int((np.datetime64(snapshot.as_of, "D") - snapshot.dates[-1].astype("datetime64[D]")).astype(int))
    stale = [finding.detail for finding in snapshot.findings if finding.kind == "stale_source"]
    return {
        "id": snapshot.pricing_pack_id,
        "source": snapshot.source,
        "adjustment": snapshot.adjustment,
        "assets": len(snapshot.asset_ids),
        "observations": len(snapshot.dates),
        "first_date": first,
        "last_date": last,
        "age_days": age,
        "stale": stale[0] if stale else None,
    }


def data_quality(snapshot: MarketSnapshot) -> dict[str, Any]:
    """Everything found wrong with the prices, and what was done about it."""
    treated = Counter(finding.treatment for finding in snapshot.findings)
    return {
        "accepted": treated["accepted"],
        "quarantined": treated["quarantined"],
        "refused": treated["refused"],
        "findings": plain(snapshot.findings),
    }


def diagnosis(found: Diagnosis | None) -> dict[str, Any] | None:
    """Why the limits as asked could not all hold. How long the search took is not part of the answer."""
    if found is None:
        return None
    return {
        "sentence": found.sentence() if found.conflicts else "",
        "conflicts": plain(found.conflicts),
        "fixes": plain(found.fixes),
        "insufficient": list(found.insufficient),
        "complete": found.complete,
        "found_by": found.found_by,
    }


def relaxations(outcome: RebalanceOutcome) -> list[dict[str, Any]]:
    """What the policy's own priority order gave up, in order."""
    return [{**plain(step.relaxation), "because": step.because} for step in outcome.gave_way]


def objective(problem: Problem, weights: Any) -> dict[str, Any]:
    """What was wanted, and how much of it there is before and at the continuous optimum."""
    term = problem.objective
    before = None if problem.w_prev is None else term.value(problem.w_prev, problem)
    return {
        **plain(term),
        "kind": term.kind,
        "sense": term.sense,
        "unit": term.unit,
        "description": term.describe(),
        "before": before,
        "target": term.value(weights, problem),
    }

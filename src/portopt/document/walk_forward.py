"""A walk-forward and a comparison as data: the backtest's document, with what was tried, chosen and judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from portopt.document.backtest import backtest_document
from portopt.document.by_period import yearly_of
from portopt.domain.canonical import plain
from portopt.domain.walk import Paths, Window
from portopt.judgement.figures import figures
from portopt.judgement.gate import Verdict
from portopt.judgement.intervals import Coverage
from portopt.judgement.overfitting import Overfitting
from portopt.judgement.walked import Compared, Side, Tried, WalkFound

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def walk_document(found: WalkFound, run_id: str) -> dict[str, Any]:
    """The walk is a backtest, and its document that of one; what a walk has beside it stands in blocks of its own.

    windows [{number, train {first, last, sessions}, test {first, last}, variant, changes, training_sharpe, status, began_with,
    total_return, sharpe, problem}], trials {here, known, variants [{variant, changes, chosen, figures, failed, problem}]},
    gate {promoted, reasons, conditions, …} | null, overfitting | null, bands {figure: {estimate, low, high, …}},
    forecasts {probability, count, held, share, p_value, ranges} | null, paths | null, starts [{first, figures, problem}].
    """
    changes = {one.variant.number: plain(one.variant.changes) for one in found.tried}
    return {
        **backtest_document(found.backtest, run_id),
        "kind": "walk_forward",
        "walk": plain(found.walk),
        "windows": [_window(one, changes) for one in found.windows],
        "trials": {"here": len(found.tried), "known": found.known_trials, "variants": [_tried(one) for one in found.tried]},
        "gate": None if found.verdict is None else gate_of(found.verdict),
        "overfitting": None if found.overfitting is None else overfitting_of(found.overfitting),
        "bands": plain(dict(found.bands)),
        "forecasts": None if found.coverage is None else _forecasts(found.coverage, found),
        "paths": None if found.paths is None else paths_of(found.paths),
        "starts": [plain(one) for one in found.starts],
    }


def gate_of(verdict: Verdict) -> dict[str, Any]:
    return {**plain(verdict), "reasons": list(verdict.reasons)}


def overfitting_of(found: Overfitting) -> dict[str, Any]:
    """The probability and what goes with it; of the halves their number and the quantiles of their logits."""
    return {
        "probability": found.probability,
        "strategies": found.strategies,
        "blocks": found.blocks,
        "halves": len(found.logits),
        "slope": found.slope,
        "loss": found.loss,
        "logits": {str(q): float(np.quantile(found.logits, q)) for q in QUANTILES},
    }


def paths_of(found: Paths) -> dict[str, Any]:
    """growth: of one unit of money along each path, from the first day on; None after a part that has no answer."""
    growth = np.cumprod(1.0 + found.returns, axis=1)
    known = found.sharpe[np.isfinite(found.sharpe)]
    spread = {str(q): float(np.quantile(known, q)) for q in QUANTILES} if len(known) else {}
    return {
        "groups": found.groups,
        "tested": found.tested,
        "splits": found.splits,
        "dates": plain(found.dates),
        "growth": plain(growth),
        "sharpe": plain(found.sharpe),
        "sharpe_quantiles": spread,
        "failed": [{"groups": list(groups), "problem": plain(problem)} for groups, problem in found.failed],
    }


def comparison_document(found: Compared, about: Mapping[str, Any], run_id: str, risk_free: float) -> dict[str, Any]:
    """strategies: those asked for first, then 1/N, the least variance, the benchmark, doing nothing.

    about: what else a reader needs (data, execution, request), ready as data.
    """
    return {
        "kind": "comparison",
        "document_version": "1",
        "run_id": run_id,
        **about,
        "strategies": [_side(side, found, risk_free) for side in found.sides],
        "pairs": plain(found.pairs),
        "warnings": [f"{side.name}: {text}" for side in found.sides if side.run is not None for text in side.run.warnings],
        "failed": [{"name": side.name, "problem": plain(side.problem)} for side in found.sides if side.problem is not None],
    }


def _side(side: Side, found: Compared, risk_free: float) -> dict[str, Any]:
    benchmark = next((one.net for one in found.sides if one.name == "benchmark"), None)
    days: dict[str, Any] = {"date": plain(found.dates)}
    summary: dict[str, Any] = {}
    for name in ("net", "gross"):
        equity = getattr(side, name)
        days[name] = None if equity is None else (np.asarray(equity) / 100.0).round(2).tolist()
        if equity is None or equity.min() <= 0.0:
            summary[name] = None
        else:
            flows = found.flows if found.flows.any() else None
            against = None if flows is not None else benchmark
            summary[name] = plain(figures(equity, found.dates, risk_free=risk_free, benchmark=against, flows=flows))
    made = () if side.run is None else side.run.decisions
    return {
        "name": side.name,
        "asked": side.asked,
        "summary": summary,
        "days": days,
        "yearly": yearly_of(days["net"], days["date"], found.flows / 100.0),
        "decisions": len(made),
        "turnover": float(sum(d.turnover for d in made if d.status == "decided")),
        "costs": 0.0 if side.run is None else sum(f.cost for f in side.run.fills) / 100.0,
    }


def _window(one: Window, changes: Mapping[int, Any]) -> dict[str, Any]:
    return {
        "number": one.number,
        "train": {"first": _day(one.train_first), "last": _day(one.train_last), "sessions": one.learned},
        "test": {"first": _day(one.test_first), "last": _day(one.test_last)},
        "variant": one.choice.variant,
        "changes": changes.get(one.choice.variant, {}),
        "training_sharpe": one.choice.score,
        "status": one.status,
        "began_with": one.began_with,
        "total_return": one.total_return,
        "sharpe": one.sharpe,
        "problem": plain(one.problem),
    }


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "variant": one.variant.number,
        "changes": plain(one.variant.changes),
        "chosen": one.chosen,
        "figures": plain(one.figures),
        "failed": one.failed,
        "problem": plain(one.problem),
    }


def _forecasts(found: Coverage, of: WalkFound) -> dict[str, Any]:
    return {**plain(found), "share": found.share, "ranges": [plain(one) for one in of.ranges]}


def _day(day: date) -> str:
    return day.isoformat()

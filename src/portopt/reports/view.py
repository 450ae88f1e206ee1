"""What the page shows of the document: bars, groups and the tightest readings. It chooses and orders; it makes no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

POSITIONS_SHOWN = 40
TRADES_SHOWN = 60
LONG = 150  # rows of a fold from which on they are kept compressed until somebody opens it
BARS_SHOWN = 1_000  # drawn at all; beyond, a row is a hair's breadth, and the data have it
CONTRIBUTIONS_SHOWN = 15
READINGS_SHOWN = 25
FINDINGS_SHOWN = 5
VISIBLE = 5e-5  # less is 0.00 %


def bars(rows: Sequence[Row], keys: Sequence[str]) -> list[dict[str, tuple[float, float]]]:
    """Left edge and width in percent of the track for each key of each row, on one common scale that holds zero."""
    values = [row[key] for row in rows for key in keys if row[key] is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    span = (high - low) or 1.0
    return [
        {key: (100 * (min(row[key], 0.0) - low) / span, 100 * abs(row[key]) / span) for key in keys if row[key] is not None}
        for row in rows
    ]


def positions(document: Row) -> dict[str, Any]:
    """Assets held now or later, with their bars; a long tail goes into a fold."""
    rows = [row for row in document["proposal"] if max(abs(row["weight_before"]), abs(row["weight_after"])) >= VISIBLE]
    keys = ("weight_before", "weight_after", "benchmark_weight")
    barred = [{"row": row, "bar": bar} for row, bar in zip(rows, bars(rows, keys), strict=True)]
    return {
        **_folded(barred[:BARS_SHOWN], POSITIONS_SHOWN),
        "more": max(len(barred) - BARS_SHOWN, 0),
        "benchmark": any(row["benchmark_weight"] for row in rows),
        "out": len(document["proposal"]) - len(rows) + document.get("candidates_left_out", 0),
    }


def trades(document: Row) -> dict[str, Sequence[Row]]:
    """The orders; a long list's end goes into a fold."""
    return _folded(document["trades"], TRADES_SHOWN)


def _folded(rows: Sequence[Any], most: int) -> dict[str, Sequence[Any]]:
    """The first ones shown, a long tail folded away; a short tail is not worth a fold."""
    shown = len(rows) if len(rows) <= most + most // 3 else most
    return {"shown": rows[:shown], "folded": rows[shown:]}


def contributions(document: Row) -> dict[str, Any]:
    """Risk by sector and by asset, those that contribute."""
    out: dict[str, Any] = {}
    for of in ("sector", "asset"):
        rows = [row for row in document["risk"][f"by_{of}"] if max(abs(row["share"]), abs(row["weight"])) >= VISIBLE]
        barred = [{"row": row, "bar": bar} for row, bar in zip(rows, bars(rows, ("share", "weight")), strict=True)]
        out[of] = {**_folded(barred[:BARS_SHOWN], CONTRIBUTIONS_SHOWN), "more": max(len(barred) - BARS_SHOWN, 0)}
    return out


def limits(document: Row) -> list[dict[str, Any]]:
    """The limits as asked, each with its tightest reading first; what makes a portfolio a portfolio comes last."""
    rows = []
    for limit in document["limits"]:
        readings = sorted(limit["readings"], key=lambda r: (_open_last(r["slack"]), r["member"]))
        # At the optimum the touching readings are the tight ones, whatever rounding to whole shares left of their slack.
        readings.sort(key=lambda r: not r["binding"])
        rows.append(
            {
                "limit": limit,
                "state": _state(limit),
                "tightest": readings[0] if readings else None,
                "readings": readings[:READINGS_SHOWN] if len(readings) > 1 else [],
                "more": max(len(readings) - READINGS_SHOWN, 0),
                "left_out": limit.get("readings_left_out", 0),
            }
        )
    return sorted(rows, key=lambda row: (row["limit"]["structural"], not row["limit"]["binding"]))


def _open_last(slack: float | None) -> float:
    """A reading without sides has no slack to speak of."""
    return float("inf") if slack is None else slack


def _state(limit: Row) -> str:
    if not limit["holds"]:
        return "short" if limit["soft"] else "missed"
    return "binding" if limit["binding"] and not limit["structural"] else "holds"


def findings(document: Row) -> list[dict[str, Any]]:
    """Findings of one kind and treatment together, the gravest treatment first, with the first few told in full."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for finding in document["data_quality"]["findings"]:
        groups.setdefault((finding["treatment"], finding["kind"]), []).append(finding)
    order = {"refused": 0, "quarantined": 1, "accepted": 2}
    return [
        {
            "treatment": treatment,
            "kind": kind.replace("_", " "),
            "count": len(found),
            "shown": found[:FINDINGS_SHOWN],
            "more": len(found) - FINDINGS_SHOWN,
        }
        for (treatment, kind), found in sorted(groups.items(), key=lambda item: (order[item[0][0]], item[0][1]))
    ]


def checks(document: Row) -> list[dict[str, Any]]:
    """The certificate's lines: what was measured against what is allowed."""
    paper = document["certificate"]
    allowed = paper["tolerances"]
    lines = (
        ("Worst violation of a hard limit", "worst_violation", "feasibility"),
        ("Stationarity", "stationarity", "stationarity"),
        ("Dual infeasibility", "dual_infeasibility", "stationarity"),
        ("Complementarity", "complementarity", "stationarity"),
        ("Relative gap to the best possible", "relative_gap", "relative_gap"),
    )
    return [{"label": label, "measured": paper[key], "allowed": allowed[tolerance]} for label, key, tolerance in lines]


def portfolios(document: Row) -> list[dict[str, Any]]:
    """The marked portfolios of the frontier, as a table beside the drawing."""
    line = document["frontier"] or {}
    names = (
        ("current", "Now"),
        ("proposed", "Proposed"),
        ("target", "Target, before whole shares"),
        ("optimal", "Best Sharpe ratio"),
        ("min_risk", "Least risk"),
        ("max_return", "Highest return"),
    )
    return [{"label": label, **line[key]} for key, label in names if line.get(key)]

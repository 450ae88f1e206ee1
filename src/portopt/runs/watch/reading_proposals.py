"""A released proposal as its document tells it: what it expected, and what it wanted traded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from portopt.domain.run import RunRecord
from portopt.monitoring.measures.calibration import Forecast
from portopt.monitoring.measures.fulfilment import PastProposal

CONFIDENCE = 0.95  # of the VaR that losses are held against


def past_proposal(record: RunRecord, released_at: datetime) -> PastProposal:
    """Raises KeyError, ValueError for a document that does not tell it."""
    document = record.document or {}
    after = {row["name"]: row["after"] for row in document["figures"]}
    head, lines = document["headline"], document["proposal"]
    trades = {t["asset_id"]: float(t["shares"]) * (1.0 if t["side"] == "buy" else -1.0) for t in document["trades"]}
    return PastProposal(
        run_id=record.run_id,
        portfolio_id=record.portfolio_id,
        released_at=released_at,
        forecast=_forecast(record, document, after),
        targets={line["asset_id"]: float(line["weight_after"]) for line in lines if line["weight_after"]},
        trades=trades,
        prices={t["asset_id"]: float(t.get("unit_price", t["price"])) for t in document["trades"]},
        shares_before={line["asset_id"]: line["shares_before"] for line in lines if _is_counted(line)},
        cash_before=float(head["cash_before"]),
        cost=float(head["total_cost"]),
    )


def _is_counted(line: Mapping[str, Any]) -> bool:
    return bool(line["shares_before"]) and line["asset_id"] != "CASH"


def _forecast(record: RunRecord, document: Mapping[str, Any], after: Mapping[str, Any]) -> Forecast:
    estimation = (record.request.get("policy") or {}).get("estimation") or {}
    return Forecast(
        run_id=record.run_id,
        day=date.fromisoformat(document["pricing_pack"]["last_date"]),
        expected_return=float(after["expected_return"]),
        volatility=float(after["volatility"]),
        tracking_error=after.get("tracking_error"),
        value_at_risk=_value_at_risk(document),
        periods_per_year=float(estimation.get("periods_per_year") or 252.0),
    )


def _value_at_risk(document: Mapping[str, Any]) -> float | None:
    """The 95 % VaR of one session over the proposal's scenarios; None where the document does not tell it."""
    told = [
        row["after"] for row in document.get("risk_measures", []) if row["kind"] == "var" and row["confidence"] == CONFIDENCE
    ]
    return None if not told or told[0] is None else float(told[0])


def as_detail(proposal: PastProposal) -> dict[str, Any]:
    """A proposal as the detail of a figure: read once from its document, and kept with what is measured."""
    f = proposal.forecast
    return {
        "run": proposal.run_id,
        "day": f.day.isoformat(),
        "expected_return": f.expected_return,
        "tracking_error": f.tracking_error,
        "value_at_risk": f.value_at_risk,
        "periods_per_year": f.periods_per_year,
        "targets": dict(proposal.targets),
        "trades": dict(proposal.trades),
        "prices": dict(proposal.prices),
        "shares_before": dict(proposal.shares_before),
        "cash_before": proposal.cash_before,
        "cost": proposal.cost,
    }


def from_detail(portfolio_id: str, volatility: float, at: datetime, told: Mapping[str, Any]) -> PastProposal:
    """What `as_detail` kept."""
    forecast = Forecast(
        run_id=told["run"], day=date.fromisoformat(told["day"]), expected_return=told["expected_return"], volatility=volatility,
        tracking_error=told["tracking_error"], value_at_risk=told["value_at_risk"], periods_per_year=told["periods_per_year"],
    )  # fmt: skip
    return PastProposal(
        run_id=told["run"], portfolio_id=portfolio_id, released_at=at, forecast=forecast, targets=told["targets"],
        trades=told["trades"], prices=told["prices"], shares_before=told["shares_before"], cash_before=told["cash_before"],
        cost=told["cost"],
    )  # fmt: skip

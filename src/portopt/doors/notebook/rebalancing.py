"""What to trade, from holdings and prices as a notebook has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.request import AnyRequest, OptimizationRequest, Policy, RebalanceRequest
from portopt.doors.notebook.books import runtime_at
from portopt.doors.notebook.displays import Allocation, Findings, Proposal
from portopt.doors.notebook.posing import posed
from portopt.doors.notebook.question import Question
from portopt.runs.asked_again import is_run

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def rebalance(
    holdings: Any = None,
    prices: Any = None,
    policy: str | Path | Policy | Mapping[str, Any] | None = None,
    *,
    lots: Any = None,
    universe: Any = None,
    benchmark: Mapping[str, float] | str | Path | None = None,
    as_of: date | str | None = None,
    provider: str | None = None,
    portfolio_id: str | None = None,
    limits: Mapping[str, Any] | None = None,
    sets: Mapping[str, Any] | None = None,
    fractional: bool | None = None,
    request: Mapping[str, Any] | str | Path | None = None,
    frontier: bool = True,
    approval_hours: float | None = None,
    within: float | None = None,
    output_dir: str | Path | None = None,
    home: Path | None = None,
    **wanted: Any,
) -> Proposal:
    """A certified, whole-share proposal; stored under `home` (the installation's by default) and explained.

    Args:
        holdings: {"AAPL": 100, …, "CASH": 2500.0}, a CSV, Parquet or XLSX file, or `sample`. Or a request about a book, an
            earlier proposal, or a stored run's id: the same book again, on its own prices, under what else is said here.
        lots: what the holdings lie in: a file or several, as brokers export them; or values: a frame or a list with a lot a
            row (asset_id, acquired_on, shares, cost_per_share), a TaxRecord, or {"tax_lots": […], "closed_lots": […],
            "tax_year": {…}}.
        prices: a Polars or pandas frame, long or wide, or a file or folder; None is the bundled sample.
        policy: a policy's id ("quality_focused" where none is said), a JSON file of it, a Policy, or a policy as data. limits:
            {limit kind: value} on top of it. sets: {dotted path: value}, as `--set`.
        universe: {asset: {"sector": …, "quality_score": …}} or a file; None takes what the holdings file describes.
        benchmark: weights by asset, or a file; None takes a `benchmark_weight` column of the universe or holdings file.
        as_of: a date, or a text as 2024-03-28. provider: where prices come from, by name, in the place of prices.
        request: another service's request (S2) over the policy: a file, or its content.
        wanted: money in and out, and what may be traded: deposit, withdraw, by, rebalance, buy_only, sell_only, do_not_buy,
            do_not_sell, keep, max_trades, names, no_worse; model, a portfolio with bands, and look_through, what funds are
            made of, as values or files; confirm_shares, split and actions, of shares from before a split (intake/wanted.py);
            and objective, costs, risk_free_rate, estimation, views,
            relax_order, tax in the place of the policy's.
        frontier: drawn in the report. within: seconds, and then no answer. output_dir: a folder for the trades as files.
        approval_hours: how long a person has to approve it before its event leaves, at the console or by `portopt approve`.
    """
    from portopt.doors.commands.options import approval
    from portopt.questions.rebalance import rebalance as propose
    from portopt.runs.report import kept_report

    _require_folder(output_dir)
    said = {
        "lots": lots, "prices": prices, "policy": policy, "universe": universe, "benchmark": benchmark, "as_of": as_of,
        "provider": provider, "portfolio_id": portfolio_id, "limits": limits, "sets": sets, "fractional": fractional,
        "request": request, **wanted,
    }  # fmt: skip
    question = (
        posed(holdings, home=home, **said) if was_asked(holdings) else posed(home=home, holdings=_needed(holdings), **said)
    )
    asked = _of_book(question.request)
    eyes = approval(approval_hours, asked.policy, "approval_hours=")
    record = propose(asked, _here(question), frontier=frontier, within=within, wanted=eyes)
    missing = _written(record.document, output_dir)
    return Proposal(record, kept_report(record.run_id, _here(question)), home, missing)


def was_asked(holdings: Any) -> bool:
    """Whether it is a question, an earlier answer or a stored run, and no list of what is held."""
    if isinstance(holdings, Question | RebalanceRequest | OptimizationRequest | Proposal | Allocation | Findings):
        return True
    return isinstance(holdings, str) and is_run(holdings)


def _needed(holdings: Any) -> Any:
    if holdings is None:
        fixes = [
            'holdings={"AAPL": 100, "CASH": 5_000}',
            'holdings="holdings.csv"',
            'holdings="sample" for the demonstration book',
        ]
        raise MissingInput("holdings are missing", field="holdings", fixes=fixes)
    return holdings


def _of_book(request: AnyRequest) -> RebalanceRequest:
    if isinstance(request, RebalanceRequest):
        return request
    why = "is a question about weights: it says nothing of what is held"
    raise InvalidValue("holdings", request.portfolio_id, why, fix="give holdings=…, with prices and a policy")


def _here(question: Question) -> Runtime:
    return question.runtime or runtime_at(None)


def _require_folder(output_dir: str | Path | None) -> None:
    if output_dir is not None and Path(output_dir).exists() and not Path(output_dir).is_dir():
        raise InvalidValue("output_dir", str(output_dir), "is a file", fix="name a folder")


def _written(document: Mapping[str, Any] | None, output_dir: str | Path | None) -> tuple[str, ...]:
    from portopt.doors.commands.rebalance import write_outputs

    return () if output_dir is None or document is None else write_outputs(document, Path(output_dir))

"""From prices to a certified plan: pure functions of values, so that running one again changes nothing."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from portopt import pipeline
from portopt.adapters.jobs.orchestration import of_values
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.plan import RebalancePlan
from portopt.domain.request import RebalanceRequest
from portopt.pipeline import Solved
from portopt.runs.identity import run_identity


@of_values
@task(cache_policy=NO_CACHE, timeout_seconds=300)
def estimate(request: RebalanceRequest, snapshot: MarketSnapshot) -> Moments:
    """Expected returns and covariance."""
    return pipeline.estimate(request, snapshot)


@of_values
@task(cache_policy=NO_CACHE, timeout_seconds=300)
def optimize(request: RebalanceRequest, snapshot: MarketSnapshot, moments: Moments) -> Solved:
    """Formulate and solve; an infeasible problem comes back diagnosed."""
    return pipeline.optimize_for(request, snapshot, moments)


@of_values
@task(cache_policy=NO_CACHE, timeout_seconds=120)
def certify(answer: Solved, snapshot: MarketSnapshot) -> ValidatedSolution:
    """The audit: nothing passes without its certificate."""
    return pipeline.certify(answer, snapshot)


@of_values
@task(cache_policy=NO_CACHE, timeout_seconds=120)
def generate_trades(
    request: RebalanceRequest, snapshot: MarketSnapshot, answer: Solved, validated: ValidatedSolution
) -> RebalancePlan:
    """Whole shares that keep every limit."""
    return pipeline.trade(request, snapshot, answer, validated)


@of_values
@task(cache_policy=NO_CACHE, timeout_seconds=300)
def conclude(
    request: RebalanceRequest,
    snapshot: MarketSnapshot,
    answer: Solved,
    validated: ValidatedSolution,
    plan: RebalancePlan,
    frontier: bool,
) -> dict[str, Any]:
    """Prices of limits, reasons of trades, the frontier: the document."""
    run_id = run_identity(request, snapshot)
    outcome = pipeline.conclude(request, snapshot, answer, validated, plan, run_id=run_id, frontier=frontier)
    return pipeline.document_of(outcome)

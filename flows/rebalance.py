"""The main job: holdings, prices and a policy in; a certified, stored, announced proposal out."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import apause_flow_run

from portopt.adapters.jobs.orchestration import Approval, proposal_summary, refused, rejected, skipped
from portopt.domain.errors import PortoptError, ProposalSuperseded
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.form import RebalanceForm
from tasks import decisions, gate, market_data, records


# `order` is what deployments, schedules and paused runs call the form: renaming it would refuse what they have stored.
@flow(name="rebalance", flow_run_name="{order.portfolio_id} under {order.policy}", log_prints=False)
async def rebalance(order: RebalanceForm = RebalanceForm()) -> Any:
    """Rebalance a portfolio under a policy. The same form on the same prices is one run, however often it is started."""
    if not gate.ask_calendar(order):
        return skipped("The exchange is closed on this day.")
    try:
        request = gate.resolve_form(order)
        since = records.holdings_version(request)
        snapshot = market_data.fetch(request)
        run = records.begin(request, snapshot)
    except PortoptError as error:
        return refused(error)
    if run.status is RunStatus.CANCELLED and run.document is not None:
        return refused(rejected(run, "it was rejected before, on the same data"))
    if run.document is None:
        try:
            run = await decide(order, request, snapshot, run, since)
        except PortoptError as error:
            records.record_refusal(run, error, return_state=True)  # where it cannot be kept, it is a refusal all the same
            records.publish_problem(error)
            return refused(error)
    else:
        run = records.settle(run, snapshot, since, order.approval_hours > 0)
    records.publish(run)
    records.report_progress(100.0, f"{run.run_id} is on record")
    if run.status is RunStatus.SUPERSEDED:
        return refused(records.superseded(run))
    if run.status is RunStatus.AWAITING_APPROVAL:
        return await approve(run, order.approval_hours)
    records.emit_events(return_state=True)  # what cannot be delivered now waits in the outbox; the run is stored
    return run.run_id


async def decide(
    order: RebalanceForm, request: RebalanceRequest, snapshot: MarketSnapshot, run: RunRecord, since: int
) -> RunRecord:
    """From prices to the stored proposal."""
    records.report_progress(20.0, f"priced on {snapshot.pricing_pack_id}")
    moments = decisions.estimate(request, snapshot)
    answer = decisions.optimize(request, snapshot, moments)
    validated = decisions.certify(answer, snapshot)
    records.report_progress(60.0, "certified; rounding to shares")
    plan = decisions.generate_trades(request, snapshot, answer, validated)
    document = decisions.conclude(request, snapshot, answer, validated, plan, order.frontier)
    return records.persist(run, document, answer, since, order.approval_hours > 0)


async def approve(run: RunRecord, hours: float) -> Any:
    """Wait for a person; no answer in time is a no."""
    form = Approval.with_initial_data(description=proposal_summary(run))
    try:
        answer = await apause_flow_run(wait_for_input=form, timeout=int(hours * 3600), poll_interval=2)
    except FlowPauseTimeout:
        error = rejected(run, f"nobody approved within {hours:g} hours")
    else:
        if answer.decision == "approve":
            return release(run)
        error = rejected(run, answer.note or "rejected without a note")
    return refused(error) if records.withdraw(run, error) else run.run_id


def release(run: RunRecord) -> Any:
    """The person said yes; holdings that are newer than the proposal's say no."""
    try:
        return records.release(run).run_id
    except ProposalSuperseded as error:
        return refused(error)

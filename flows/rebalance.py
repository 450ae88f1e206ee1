"""The main job: holdings, prices and a policy in; a certified, stored, announced proposal out."""

from __future__ import annotations

from typing import Any

from prefect import flow

from portopt.adapters.jobs import awaiting
from portopt.adapters.jobs.orchestration import Approval, proposal_summary, refused, say, skipped
from portopt.document import narrative
from portopt.domain.errors import PortoptError
from portopt.domain.job import Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.form import RebalanceForm
from portopt.pipeline import Solved
from tasks import decisions, gate, market_data, records


# `order` is what deployments, schedules and paused runs call the form: renaming it would refuse what they have stored.
@flow(name="rebalance", flow_run_name="{order.title}", log_prints=False)
async def rebalance(order: RebalanceForm = RebalanceForm()) -> Any:
    """Rebalance a portfolio under a policy. The same form on the same prices is one run, however often it is started."""
    if order.job is not None:
        return await carry_out(order, order.job)
    if not gate.ask_calendar(order):
        return skipped("The exchange is closed on this day.")
    return await propose(order, None)


async def carry_out(order: RebalanceForm, job_id: str) -> Any:
    """A job that was asked for, unless it is at its end or somebody else's by now."""
    try:
        with gate.leased(job_id) as job:
            return await propose(order, job) if job is not None else skipped(f"{job_id} is not to be done by this run.")
    except PortoptError as error:
        return refused(error)


async def propose(order: RebalanceForm, job: Job | None) -> Any:
    """From what is asked to its end. job: what asks, where it is no form."""
    hours = order.approval_hours if job is None else job.approval_hours
    try:
        request = gate.resolve_form(order, job)
        say(narrative.asked(request))
        since = records.holdings_version(request, job)
        snapshot = market_data.fetch(request, job)
        say(narrative.priced(snapshot))
        await awaiting.called(narrative.called(request, snapshot))
        run = records.begin(job, request, snapshot)
    except PortoptError as error:
        records.record_refusal(job, None, error, return_state=True)  # where it cannot be kept, it is a refusal all the same
        return refused(error)
    if run.status is RunStatus.CANCELLED and run.document is not None:
        return ended(run)  # it was decided before, on the same data
    if run.document is None:
        try:
            document, answer = await decide(request, snapshot, frontier=order.frontier)
            run = records.persist(job, run, document, answer, since, hours)
        except PortoptError as error:
            records.record_refusal(job, run, error, return_state=True)
            records.publish_problem(error)
            return refused(error)
    else:
        run = records.settle(run, snapshot, since, hours)
    records.publish(run)
    records.report_progress(100.0, f"{run.run_id} is on record")
    say(f"{run.run_id} is on record: {run.status.value}")
    if run.status is RunStatus.SUPERSEDED:
        return refused(records.superseded(run))
    if run.status is RunStatus.AWAITING_APPROVAL and job is None:
        return await approve(run)  # of a job the decision comes from outside, and nothing waits for it here
    records.emit_events(return_state=True)  # what cannot be delivered now waits in the outbox; the run is stored
    return run.run_id


async def decide(request: RebalanceRequest, snapshot: MarketSnapshot, *, frontier: bool) -> tuple[dict[str, Any], Solved]:
    """From prices to the proposal's document."""
    records.report_progress(20.0, f"priced on {snapshot.pricing_pack_id}")
    moments = decisions.estimate(request, snapshot)
    say(narrative.believed(request, moments))
    answer = decisions.optimize(request, snapshot, moments)
    say(narrative.solved(answer.solution, answer.gave_way))
    validated = decisions.certify(answer, snapshot)
    say(narrative.certified(validated))
    records.report_progress(60.0, "certified; rounding to shares")
    plan = decisions.generate_trades(request, snapshot, answer, validated)
    say(narrative.planned(plan))
    return decisions.conclude(request, snapshot, answer, validated, plan, frontier), answer


async def approve(run: RunRecord) -> Any:
    """Wait until it is decided, in this run's form or by any other door; no answer in time is a no."""
    refusal = ""
    while records.waits(run) is not None:
        form = Approval.with_initial_data(description=proposal_summary(run, refusal))
        answer = await awaiting.decision(form, lambda: records.waits(run))
        refusal = "" if answer is None else records.decide(run, answer)
    return ended(records.decided(run))


def ended(run: RunRecord) -> Any:
    """A proposal that somebody decided about, whoever it was."""
    error = records.not_released(run)
    return run.run_id if error is None else refused(error)

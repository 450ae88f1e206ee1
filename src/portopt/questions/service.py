"""The questions the world may ask, each answered in process. The flow asks the same pipeline step by step."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt import formulation, pipeline
from portopt.domain.canonical import canonical_text, plain
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.errors import (
    DataError,
    InvalidValue,
    MissingInput,
    OutsideError,
    PortoptError,
    ProposalRejected,
    ProposalSuperseded,
    UnknownPolicy,
    UnknownRun,
)
from portopt.domain.explanation import Frontier, LeftOut, ShadowPrice
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import OptimizationRequest, Policy, RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.ports import MarketDataProvider, Progress
from portopt.questions import many
from portopt.questions.sharing import Sharing
from portopt.runs import recording

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True, eq=False)
class OptimizeAnswer:
    """A certified choice of weights, with the prices of its limits. seconds: wall time of the whole question.

    left_out: what could not be said about it.
    """

    request: OptimizationRequest
    problem: Problem
    form: StandardForm
    validated: ValidatedSolution
    prices: tuple[ShadowPrice, ...]
    gave_way: tuple[Any, ...]
    seconds: float
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class Steps:
    """Times every step and tells whoever listens."""

    progress: Progress | None = None
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        if self.progress is None:
            yield
        else:
            with self.progress.step(name):
                yield
        self.timings[name] = time.perf_counter() - began


def optimize(request: OptimizationRequest, *, prices_solved_again: bool = False) -> OptimizeAnswer:
    """Weights for a request that brings its own beliefs. Raises InfeasibleRequest with the diagnosis.

    prices_solved_again: what more room under a binding limit gains is found by solving again, as far as that is affordable;
    else, in no time, the most that it can gain is told.
    """
    from portopt.analysis import Attempts

    began = time.perf_counter()
    problem = formulation.formulate_weights(request)
    answer = pipeline.optimize(problem, formulation.order_of_giving_way(request.relax_order, request.limits))
    validated = pipeline.validate(answer)
    problem, form, raw, said = answer.problem, answer.form, validated.solution.raw, Attempts()
    prices = pipeline.prices_of(problem, form, raw, said, again=prices_solved_again)
    seconds = time.perf_counter() - began
    return OptimizeAnswer(request, problem, form, validated, prices, answer.gave_way, seconds, tuple(said.left_out))


def optimize_many(requests: Sequence[OptimizationRequest], *, processes: int = 1) -> list[OptimizeAnswer | PortoptError]:
    """An answer or a refusal for each request, in their order; one that fails does not hold up the others.

    Requests on equal covariances share their work. processes: how many share all of it; the answers are the same.
    """
    found: dict[int, OptimizeAnswer | PortoptError] = {}
    problems: dict[int, Problem] = {}
    sharing = Sharing()
    for k, request in enumerate(map(sharing.request, requests)):
        try:
            if formulation.order_of_giving_way(request.relax_order, request.limits):
                found[k] = optimize(request)
            else:
                problems[k] = sharing.problem(formulation.formulate_weights(request))
        except PortoptError as error:
            found[k] = error
    answers = many.optimize_batch(list(problems.values()), processes=processes, keep_forms=True)
    for k, answer in zip(problems, answers, strict=True):
        found[k] = _member(requests[k], answer)
    return [found[k] for k in range(len(requests))]


def _member(request: OptimizationRequest, answer: many.BatchAnswer) -> OptimizeAnswer | PortoptError:
    """One member of a batch as its own answer."""
    from portopt.analysis import Attempts
    from portopt.domain.infeasible import infeasible_request

    if answer.diagnosis is not None:
        return infeasible_request(answer.problem, answer.diagnosis)
    if answer.validated is None:
        return answer.error or OutsideError("the batch ended without an answer to this request")
    form, raw, said = answer.form(), answer.validated.solution.raw, Attempts()
    prices = pipeline.prices_of(answer.problem, form, raw, said, again=False)
    seconds, left_out = 0.0 if raw is None else raw.seconds, tuple(said.left_out)
    return OptimizeAnswer(request, answer.problem, form, answer.validated, prices, (), seconds, left_out)


def rebalance(
    request: RebalanceRequest,
    runtime: Runtime,
    *,
    progress: Progress | None = None,
    frontier: bool = True,
    trigger: str | None = None,
    market: MarketDataProvider | None = None,
) -> RunRecord:
    """From holdings, prices and a policy to a stored, explained, certified proposal, once.

    The same request on the same prices is the same run: asked again, its stored record is the answer, and whatever is owed of
    it (pack, event, report) is done. Nothing is written unless there is a proposal: a refusal leaves no trace.
    trigger: an id under which the pricing pack is remembered, so that a resumed trigger works on the data it began with.
    market: prices from here instead of the provider that the request names.
    """
    request, steps = recording.accepted(request), Steps(progress)
    since = runtime.runs.holdings_version(request.holdings.portfolio_id) if runtime.has_store else 0
    with steps.step("fetch prices"):
        snapshot = read_market(request, runtime, trigger, market)
    stored = found(pipeline.run_identity(request, snapshot), runtime)
    if stored is not None and stored.document is not None and stored.is_whole:
        return settle(stored, snapshot, runtime, since=since, trigger=trigger)
    document, answer = pipeline.work(request, snapshot, frontier=frontier, step=steps.step)
    if stored is not None and stored.document is not None:  # damaged since: the same work gives it back
        runtime.runs.put_document(dataclasses.replace(stored, document=document))
        return settle(runtime.runs.get(stored.run_id), snapshot, runtime, since=since, trigger=trigger)
    with steps.step("persist"):
        keep_market(snapshot, runtime, trigger)
        begun, timings = recording.begun(request, snapshot, datetime.now(UTC)), steps.timings | pipeline.timings_of(answer)
        record = finish(begun, document, runtime, timings=timings, since=since)
    with steps.step("deliver event"):
        deliver_if_possible(runtime)
    return record


def settle(
    stored: RunRecord,
    snapshot: MarketSnapshot,
    runtime: Runtime,
    *,
    since: int | None = None,
    trigger: str | None = None,
    await_approval: bool = False,
) -> RunRecord:
    """A complete run is asked for again: everything it owes, so that a fault after its result was stored is made good."""
    keep_market(snapshot, runtime, trigger)
    record = recording.renewed(stored, runtime.runs, await_approval=await_approval, since=since)
    record = recording.with_report(record, runtime.runs, runtime.settings.reports_path)
    deliver_if_possible(runtime)
    return record


def open_market(request: RebalanceRequest, runtime: Runtime, trigger: str | None = None) -> MarketSnapshot:
    """The snapshot to work on, kept as a pricing pack: the one this trigger began with, or a fresh one."""
    return keep_market(read_market(request, runtime, trigger), runtime, trigger, request)


def read_market(
    request: RebalanceRequest, runtime: Runtime, trigger: str | None = None, market: MarketDataProvider | None = None
) -> MarketSnapshot:
    """Prices as this trigger saw them first, or as they are; nothing is written."""
    pinned = runtime.runs.pinned(trigger) if trigger and runtime.has_store else None
    if pinned is None:
        return pipeline.fetch(request, market or runtime.market(request.provider))
    try:
        return pipeline.reopen(request, pinned, runtime.packs)
    except DataError:  # damaged, perhaps: the same prices make the same pack anew, other prices are not this trigger's
        fresh = pipeline.fetch(request, market or runtime.market(request.provider))
        if fresh.pricing_pack_id != pinned:
            raise
        runtime.packs.put(fresh)
        return fresh


def keep_market(
    snapshot: MarketSnapshot, runtime: Runtime, trigger: str | None = None, request: RebalanceRequest | None = None
) -> MarketSnapshot:
    """Keep the prices as an immutable pack and remember it for the trigger; the first to do so wins."""
    runtime.packs.put(snapshot)
    if trigger and (held := runtime.runs.pin(trigger, snapshot.pricing_pack_id)) != snapshot.pricing_pack_id and request:
        return pipeline.reopen(request, held, runtime.packs)
    return snapshot


def found(run_id: str, runtime: Runtime) -> RunRecord | None:
    """The run if it is on record, its document as it stands; a store that does not exist yet is not made for the asking."""
    if not runtime.has_store:
        return None
    try:
        return runtime.runs.get(run_id, verified=False)
    except UnknownRun:
        return None


def begin(request: RebalanceRequest, snapshot: MarketSnapshot, runtime: Runtime) -> RunRecord:
    """Declare the holdings and put the run on record; what comes back is the stored one, complete if it was done before."""
    runtime.runs.save_holdings(request.holdings)
    return runtime.runs.begin(recording.begun(request, snapshot, datetime.now(UTC)))


def finish(
    begun: RunRecord,
    document: Mapping[str, Any],
    runtime: Runtime,
    *,
    timings: Mapping[str, float],
    await_approval: bool = False,
    since: int | None = None,
) -> RunRecord:
    """Store result, projection and event in one transaction, then write the report.

    since: the version of the portfolio's holdings when the question began, where the run's own are declared only now.
    """
    text = canonical_text(document)
    record = recording.completed(begun, document, text, datetime.now(UTC), timings=timings, await_approval=await_approval)
    folder = runtime.settings.reports_path
    if not recording.persist(record, runtime.runs, since):  # another process completed it first: its record is what counts
        return recording.with_report(runtime.runs.get(begun.run_id), runtime.runs, folder)
    stored = dataclasses.replace(record, status=runtime.runs.status(begun.run_id))
    return recording.with_report(stored, runtime.runs, folder, text)


def approve(run_id: str, runtime: Runtime) -> RunRecord:
    """Release the event of a proposal that awaited a person; released before, it is left as it is.

    Raises UnknownRun, ProposalSuperseded, and InvalidValue for a run that has nothing to release.
    """
    record = found(run_id, runtime)
    if record is None:
        raise UnknownRun(run_id)
    if record.kind != "rebalance":
        raise InvalidValue("run", run_id, f"is the answer to `portopt {record.kind}`: there is no proposal to approve")
    if record.status not in (RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED, RunStatus.SUPERSEDED):
        raise InvalidValue("run", run_id, f"is {record.status.value}: there is no proposal that awaits approval")
    record = runtime.runs.get(run_id)
    if record.status is not RunStatus.SUPERSEDED:
        runtime.runs.release(run_id, recording.event_of(dataclasses.replace(record, status=RunStatus.COMPLETED)))
        record = runtime.runs.get(run_id)
    if record.status is RunStatus.SUPERSEDED:
        raise superseded(record, runtime)
    deliver_if_possible(runtime)
    return record


def superseded(record: RunRecord, runtime: Runtime) -> ProposalSuperseded:
    """Why this proposal is not released."""
    version = runtime.runs.holdings_version(record.portfolio_id)
    return ProposalSuperseded(record.run_id, record.portfolio_id, version)


def cancel(run_id: str, runtime: Runtime, note: str) -> RunRecord:
    """A proposal that is not wanted, or a run that was begun and never ended, ends as cancelled.

    Raises UnknownRun, and InvalidValue for a run that is at its end.
    """
    record = found(run_id, runtime)
    if record is None:
        raise UnknownRun(run_id)
    problem = ProposalRejected(f"{run_id} was cancelled: {note}", field="run", value=run_id).problem()
    if not (runtime.runs.withdraw(run_id, problem) or runtime.runs.abandon(run_id, problem)):
        raise InvalidValue("run", run_id, f"is {record.status.value}: there is nothing to cancel")
    return runtime.runs.get(run_id, verified=False)


def deliver(runtime: Runtime) -> int:
    """Empty the outbox into the sink. On the embedded default this is the whole relay."""
    from portopt.adapters.events.relay import relay_until_empty

    return relay_until_empty(runtime.runs, runtime.sink)


def relay(runtime: Runtime, *, wait: bool, retry_parked: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Deliver what waits, and tell what waits on, and for what.

    wait: also for what another relay holds, or held when it was killed. retry_parked: what a sink refused is tried again.
    """
    from portopt.adapters.events.relay import relay_and_wait

    if retry_parked:
        runtime.runs.unpark_events()
    delivered = relay_and_wait(runtime.runs, runtime.sink, say=say) if wait else deliver(runtime)
    return {"delivered": delivered, **plain(runtime.runs.outbox())}


def deliver_if_possible(runtime: Runtime) -> int:
    """Into the local log at once. A broker is the relay's to talk to: an answer never waits for one."""
    if runtime.settings.events != "local":
        return 0
    try:
        return deliver(runtime)
    except PortoptError as error:
        logging.getLogger(__name__).warning("%s; the event waits in the outbox for `portopt relay`", error.detail)
        return 0


def frontier(
    request: OptimizationRequest | RebalanceRequest,
    runtime: Runtime | None = None,
    *,
    points: int = 20,
    min_return: float | None = None,
    max_risk: float | None = None,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The efficient frontier under the request's own limits, as data. Weights are keyed by asset id.

    risk_measure, options: what risk is (confidence, horizon); max_risk is in its unit.
    """
    from portopt import optimization
    from portopt.terms.risk_measures.catalog import parse_measure

    measure = parse_measure("risk_measure", risk_measure, dict(options or {}))
    snapshot: MarketSnapshot | None = None
    if isinstance(request, RebalanceRequest):
        if runtime is None:
            raise MissingInput("a rebalance request needs a runtime to fetch prices with", field="runtime")
        # The plane has return and risk and nothing else: an objective without an answer is no reason not to draw it.
        request = dataclasses.replace(request, policy=dataclasses.replace(request.policy, objective={"kind": "min_risk"}))
        snapshot = read_market(request, runtime)
        problem = formulation.formulate(request, snapshot, pipeline.estimate(request, snapshot))
    else:
        problem = formulation.as_asked(request)
    pipeline.require_feasible(problem)
    found = optimization.efficient_frontier(problem, points, min_return=min_return, max_risk=max_risk, measure=measure)
    return {**frontier_document(problem, found), **({} if snapshot is None else rests_on(snapshot, runtime))}


def rests_on(snapshot: MarketSnapshot, runtime: Runtime | None) -> dict[str, Any]:
    """Which data an answer rests on, kept as a pricing pack where answers are kept."""
    if runtime is not None and runtime.has_store:
        runtime.packs.put(snapshot)
    return {"pricing_pack_id": snapshot.pricing_pack_id, "as_of": snapshot.as_of.isoformat()}


def frontier_document(problem: Problem, found: Frontier) -> dict[str, Any]:
    """S2's frontier shape: points with weights by asset, and the portfolios to compare with.

    risk is in the frontier's own measure, volatility beside it; sharpe is excess return over volatility, ratio over risk.
    """

    def point(p: Any) -> dict[str, Any] | None:
        if p is None:
            return None
        weights = None if p.weights is None else dict(zip(problem.universe.ids, p.weights.tolist(), strict=True))
        risk = p.volatility if p.risk is None else p.risk
        excess = p.expected_return - problem.risk_free_rate
        return {
            "return": p.expected_return,
            "risk": risk,
            "sharpe": p.sharpe_ratio,
            "volatility": p.volatility,
            "ratio": excess / risk if risk > 0.0 else None,
            "weights": weights,
        }

    return {
        "portfolio_id": problem.portfolio_id,
        "risk_measure": found.risk_measure,
        "risk_free_rate": problem.risk_free_rate,
        "turning_points": found.turning_points,
        "without": list(found.without),
        "efficient_frontier": [point(p) for p in found.points],
        "current_portfolio": point(found.current),
        "optimal_portfolio": point(found.optimal),
        "min_risk_portfolio": point(found.min_risk),
        "max_return_portfolio": point(found.max_return),
    }


def policies(runtime: Runtime) -> tuple[Policy, ...]:
    """The policies this version ships, and the store's: a stored one of the same id is the one that counts."""
    from portopt.dialects.policies import shipped_policies

    stored = tuple(runtime.runs.policies()) if runtime.has_store else ()
    return tuple({p.id: p for p in (*shipped_policies(), *stored)}.values())


def policy(policy_id: str, runtime: Runtime) -> Policy:
    """One policy by id. Raises UnknownPolicy, naming the known ones."""
    known = {p.id: p for p in policies(runtime)}
    if policy_id not in known:
        raise UnknownPolicy(policy_id, known)
    return known[policy_id]


def seed_policies(runtime: Runtime, chosen: tuple[Policy, ...] | None = None) -> dict[str, Any]:
    """Put policies into the store. The shipped ones never overwrite what is there: it may have been edited."""
    from portopt.dialects.policies import shipped_policies

    if chosen is None:
        there = {(p.id, p.method_version) for p in runtime.runs.policies()}
        chosen = shipped_policies()
        kept = [p.id for p in chosen if (p.id, p.method_version) in there]
        new = tuple(p for p in chosen if p.id not in kept)
    else:
        kept, new = [], chosen
    changed = runtime.runs.save_policies(new) if new else 0
    return {"policies": [p.id for p in chosen], "changed": changed, "left_alone": kept}

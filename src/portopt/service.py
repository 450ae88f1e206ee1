"""The questions the world may ask, each answered in process. The flow asks the same pipeline step by step."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt import pipeline
from portopt.domain.canonical import canonical_json, digest, plain
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.errors import MissingInput, PortoptError, UnknownRun
from portopt.domain.explanation import Frontier, ShadowPrice
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import OptimizationRequest, Policy, RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.ports import MarketDataProvider, Progress

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True, eq=False)
class OptimizeAnswer:
    """A certified choice of weights, with the prices of its limits. seconds: wall time of the whole question."""

    request: OptimizationRequest
    problem: Problem
    form: StandardForm
    validated: ValidatedSolution
    prices: tuple[ShadowPrice, ...]
    gave_way: tuple[Any, ...]
    seconds: float


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


def optimize(request: OptimizationRequest) -> OptimizeAnswer:
    """Weights for a request that brings its own beliefs. Raises InfeasibleRequest with the diagnosis."""
    from portopt import optimization

    began = time.perf_counter()
    problem = pipeline.formulate_weights(request)
    answer = pipeline.optimize(problem, request.relax_order)
    validated = pipeline.validate(answer)
    raw = validated.solution.raw
    prices = () if raw is None else optimization.shadow_prices(answer.problem, answer.form, raw)
    seconds = time.perf_counter() - began
    return OptimizeAnswer(request, answer.problem, answer.form, validated, prices, answer.gave_way, seconds)


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

    The same request on the same prices is the same run: asked again, its stored record is the answer.
    trigger: an id under which the pricing pack is remembered, so that a resumed trigger works on the data it began with.
    market: prices from here instead of the provider that the request names.
    """
    steps = Steps(progress)
    with steps.step("fetch prices"):
        snapshot = open_market(request, runtime, trigger, market)
    stored = begin(request, snapshot, runtime)
    if stored.document is not None:
        return stored
    try:
        with steps.step("estimate"):
            moments = pipeline.estimate(request, snapshot)
        with steps.step("optimize"):
            problem = pipeline.formulate(request, snapshot, moments)
            answer = pipeline.optimize(problem, request.policy.relax_order)
        with steps.step("validate"):
            validated = pipeline.validate(answer)
        with steps.step("trade"):
            plan = pipeline.trade(request, snapshot, answer, validated)
        with steps.step("explain"):
            outcome = pipeline.conclude(request, snapshot, answer, validated, plan, frontier=frontier)
            document = pipeline.document_of(outcome)
    except PortoptError as error:
        runtime.runs.fail(failed(stored, error))
        raise
    with steps.step("persist"):
        record = finish(stored, document, runtime, timings=steps.timings)
    with steps.step("deliver event"):
        deliver(runtime)
    return record


def open_market(
    request: RebalanceRequest, runtime: Runtime, trigger: str | None = None, market: MarketDataProvider | None = None
) -> MarketSnapshot:
    """The snapshot to work on: the pack this trigger began with, or a fresh one."""
    pinned = runtime.runs.pinned(trigger) if trigger else None
    if pinned is not None:
        return pipeline.reopen(request, pinned, runtime.packs)
    snapshot = pipeline.fetch(request, market or runtime.market(request.provider), runtime.packs)
    if trigger and (held := runtime.runs.pin(trigger, snapshot.pricing_pack_id)) != snapshot.pricing_pack_id:
        return pipeline.reopen(request, held, runtime.packs)
    return snapshot


def begin(request: RebalanceRequest, snapshot: MarketSnapshot, runtime: Runtime) -> RunRecord:
    """Put the run on record; what comes back is the stored one, complete if this work was done before."""
    runtime.runs.save_holdings(request.holdings)
    return runtime.runs.begin(pipeline.begun(request, snapshot, datetime.now(UTC)))


def finish(
    begun: RunRecord,
    document: Mapping[str, Any],
    runtime: Runtime,
    *,
    timings: Mapping[str, float],
    await_approval: bool = False,
) -> RunRecord:
    """Write the report, then store result, projection and event in one transaction."""
    from portopt.reports.page import write_report

    path = runtime.settings.reports_path / f"{begun.run_id}.html"
    write_report(document, path)
    now = datetime.now(UTC)
    record = pipeline.completed(begun, document, now, timings=timings, report_path=str(path), await_approval=await_approval)
    pipeline.persist(record, runtime.runs)
    return runtime.runs.get(begun.run_id)


def failed(begun: RunRecord, error: PortoptError) -> RunRecord:
    """The record of a run that ended without a proposal, with its problem object."""
    status = RunStatus.INFEASIBLE if error.code == "infeasible" else RunStatus.FAILED
    return dataclasses.replace(begun, status=status, completed_at=datetime.now(UTC), problem=error.problem())


def approve(run_id: str, runtime: Runtime) -> RunRecord:
    """Release the event of a proposal that awaited a person."""
    record = dataclasses.replace(runtime.runs.get(run_id), status=RunStatus.COMPLETED)
    runtime.runs.release(run_id, pipeline.event_of(record))
    deliver(runtime)
    return runtime.runs.get(run_id)


def deliver(runtime: Runtime) -> int:
    """Empty the outbox into the sink. On the embedded default this is the whole relay."""
    from portopt.adapters.events.relay import relay_until_empty

    return relay_until_empty(runtime.runs, runtime.sink)


def frontier(
    request: OptimizationRequest | RebalanceRequest,
    runtime: Runtime | None = None,
    *,
    points: int = 20,
    min_return: float | None = None,
    max_risk: float | None = None,
) -> dict[str, Any]:
    """The efficient frontier under the request's own limits, as data. Weights are keyed by asset id."""
    from portopt import optimization

    if isinstance(request, RebalanceRequest):
        if runtime is None:
            raise MissingInput("a rebalance request needs a runtime to fetch prices with", field="runtime")
        snapshot = open_market(request, runtime)
        problem = pipeline.formulate(request, snapshot, pipeline.estimate(request, snapshot))
    else:
        problem = pipeline.formulate_weights(request)
    pipeline.require_feasible(problem)
    found = optimization.efficient_frontier(problem, points, min_return=min_return, max_risk=max_risk)
    return frontier_document(problem, found)


def frontier_document(problem: Problem, found: Frontier) -> dict[str, Any]:
    """S2's frontier shape: points with weights by asset, and the portfolios to compare with."""

    def point(p: Any) -> dict[str, Any] | None:
        if p is None:
            return None
        weights = None if p.weights is None else dict(zip(problem.universe.ids, p.weights.tolist(), strict=True))
        return {"return": p.expected_return, "risk": p.volatility, "sharpe": p.sharpe_ratio, "weights": weights}

    return {
        "portfolio_id": problem.portfolio_id,
        "risk_measure": "volatility",
        "risk_free_rate": problem.risk_free_rate,
        "efficient_frontier": [point(p) for p in found.points],
        "current_portfolio": point(found.current),
        "optimal_portfolio": point(found.optimal),
        "min_risk_portfolio": point(found.min_risk),
        "max_return_portfolio": point(found.max_return),
    }


def explain(run_id: str, runtime: Runtime) -> dict[str, Any]:
    """Why each trade, and what each binding limit costs, from the stored document."""
    record = run_record(run_id, runtime)
    document = record.document
    if document is None:
        return {"run_id": run_id, "status": record.status.value, "problem": record.problem}
    keys = ("verdict", "objective", "risk_aversion", "proposal", "trades", "limit_prices", "limits", "relaxations", "risk")
    return {"run_id": run_id, "status": record.status.value, **{k: document[k] for k in keys if k in document}}


def replay(run_id: str, runtime: Runtime) -> dict[str, Any]:
    """Work the run out again from its stored request and pricing pack, and compare bytes."""
    from portopt.dialects.requests import rebalance_request_from_data

    record = run_record(run_id, runtime)
    if record.document is None or record.pricing_pack_id is None:
        raise MissingInput(
            f"run {run_id} has no document to compare with (status {record.status.value})", field="run", value=run_id
        )
    request = rebalance_request_from_data(record.request)
    snapshot = pipeline.reopen(request, record.pricing_pack_id, runtime.packs)
    document = pipeline.work(request, snapshot, frontier=record.document.get("frontier") is not None)
    replayed = digest(canonical_json(document))
    return {
        "run_id": run_id,
        "pricing_pack_id": record.pricing_pack_id,
        "same": replayed == record.document_digest,
        "digest": record.document_digest,
        "replayed_digest": replayed,
    }


def packs_difference(a: str, b: str, runtime: Runtime) -> dict[str, Any]:
    """What changed in the data between two packs (or the packs of two runs), and in the decision between two runs."""
    from portopt.reports.difference import decision_difference

    runs = {key: runtime.runs.get(key) for key in (a, b) if key.startswith("reb-")}
    ids = [runs[key].pricing_pack_id if key in runs else key for key in (a, b)]
    answer: dict[str, Any] = {"a": a, "b": b, "data": plain(runtime.packs.difference(str(ids[0]), str(ids[1])))}
    first, second = (_decision_on(key, runs, runtime) for key in (a, b))
    if first is not None and second is not None:
        answer["decision"] = decision_difference(first, second)
    return answer


def _decision_on(key: str, named: Mapping[str, RunRecord], runtime: Runtime) -> Mapping[str, Any] | None:
    if key in named:
        return named[key].document
    on_pack = [r for r in runtime.runs.runs(limit=500) if r.pricing_pack_id == key]
    complete = [r for r in (runtime.runs.get(r.run_id) for r in on_pack) if r.document is not None]
    return complete[0].document if complete else None


def runs(runtime: Runtime, *, portfolio_id: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """The newest runs, a line each."""
    return [run_line(r) for r in runtime.runs.runs(portfolio_id=portfolio_id, limit=limit)]


def run_line(record: RunRecord) -> dict[str, Any]:
    headline = (record.document or {}).get("headline", {})
    return {
        "run_id": record.run_id,
        "portfolio_id": record.portfolio_id,
        "status": record.status.value,
        "as_of": record.as_of.isoformat(),
        "created_at": record.created_at.isoformat(),
        "pricing_pack_id": record.pricing_pack_id,
        "trades": headline.get("trades"),
        "turnover": headline.get("turnover"),
        "report_path": record.report_path,
    }


def run_record(run_id: str, runtime: Runtime) -> RunRecord:
    """Raises UnknownRun, naming the most recent runs."""
    try:
        return runtime.runs.get(run_id)
    except UnknownRun:
        raise UnknownRun(run_id, [r.run_id for r in runtime.runs.runs(limit=5)]) from None


def policies(runtime: Runtime) -> tuple[Policy, ...]:
    """The store's policies; before any were seeded, the ones this version ships."""
    from portopt.dialects.policies import shipped_policies

    stored = tuple(runtime.runs.policies())
    return stored or shipped_policies()


def policy(policy_id: str, runtime: Runtime) -> Policy:
    """One policy by id. Raises UnknownPolicy, naming the known ones."""
    from portopt.domain.errors import UnknownPolicy

    known = {p.id: p for p in policies(runtime)}
    if policy_id not in known:
        raise UnknownPolicy(policy_id, known)
    return known[policy_id]


def seed_policies(runtime: Runtime, found: tuple[Policy, ...] | None = None) -> dict[str, Any]:
    """Put policies (by default the shipped ones) into the store."""
    from portopt.dialects.policies import shipped_policies

    chosen = found if found is not None else shipped_policies()
    changed = runtime.runs.save_policies(chosen)
    return {"policies": [p.id for p in chosen], "changed": changed}


def doctor(runtime: Runtime) -> dict[str, Any]:
    """The installation's own health."""
    from portopt.health import doctor as examine

    return examine(runtime)

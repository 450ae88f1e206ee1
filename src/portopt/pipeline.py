"""START HERE: the steps from a question to an executable proposal, as functions of values.

    fetch -> estimate -> formulate -> optimize -> certify -> trade -> conclude -> persist

The Prefect flow, `questions/` and the backtest all run these. Nothing here knows who is asking.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portopt.construction import construct
from portopt.domain.arrays import Vector
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.diagnosis import Diagnosis, GaveWay
from portopt.domain.errors import DataError
from portopt.domain.explanation import Explanation, Frontier, FrontierPoint, ShadowPrice
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.plan import RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import RebalanceRequest, TradingRules
from portopt.domain.solution import RawAnswer, Solution, SolveStatus
from portopt.domain.universe import CASH
from portopt.formulation import estimated, exact_prices_of, formulate, order_of_giving_way
from portopt.ports import MarketDataProvider, PackStore
from portopt.terms.flow import most_raised

if TYPE_CHECKING:
    import polars as pl

    from portopt.analysis import Attempts
    from portopt.optimization.neighbour import Neighbour

FRONTIER_POINTS = 20
# What cannot be walked exactly is swept, an optimization a point; for a large universe that takes longer than the proposal
# is worth.
SWEPT_POINTS = ((150, 20), (400, 8))
LOTS_OF_ROOM = 4.0  # an opened limit is opened this many of the dearest lot further: one is often too tight to trade in
# What a document may have to go without, as it reads in a sentence.
FRONTIER = "the efficient frontier"
PRICES, WORTH = "the prices of limits", "what more room under a limit is worth, solved for again"
REASONS, SOURCES = "the reasons of trades", "where the risk comes from"
STATED = "give its row a price, and let the policy say data.unknown_asset = 'quarantine': it is then kept as it is"
DOCUMENT_VERSION = "7"  # part of every run's identity: a new meaning of the document is a new run


Step = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What optimize gives: the problem as finally solved, its program, the solution, and what had to give way.

    fixes: where there is no portfolio, what was tried beside opening limits and leaves one, in sentences.
    """

    asked: Problem
    problem: Problem
    form: StandardForm
    solution: Solution
    gave_way: tuple[GaveWay, ...] = ()
    diagnosis: Diagnosis | None = None
    fixes: tuple[str, ...] = ()

    def without_deadline(self) -> Solved:
        """The same, with all the time there is for what follows from it."""
        return replace(self, problem=self.problem.replaced(until=NEVER), form=replace(self.form, until=NEVER))


# --- data ---------------------------------------------------------------------------------------------------------


def wanted_assets(request: RebalanceRequest) -> tuple[str, ...]:
    """Every asset that needs a price: held, candidate or in the benchmark; cash needs none."""
    named = {*request.holdings.shares, *request.universe.ids, *(request.benchmark or {})}
    return tuple(sorted(named - {CASH}))


def fetch_pack(request: RebalanceRequest, market: MarketDataProvider) -> MarketSnapshot:
    """Read the market as it stood at request.as_of and check it. Nothing is kept yet."""
    from portopt.market import open_snapshot

    if not request.holdings.shares and request.funded.cash <= 0:
        raise DataError(
            f"portfolio {request.holdings.portfolio_id!r} holds nothing: no shares and no cash",
            field="holdings",
            fixes=["add at least one position or a cash balance"],
        )
    table = market.prices(_query(request))
    _require_money(request, table, market.source)
    snapshot = open_snapshot(
        table,
        source=market.source,
        adjustment=market.adjustment,
        policy=request.policy.data,
        query=_query(request),
    )
    # A provider of one's own may have nothing to say about how it read.
    snapshot = dataclasses.replace(snapshot, notes=tuple(getattr(market, "notes", ())))
    _require_prices(request, snapshot)
    judged = _judged(request, snapshot)
    _require_lots(request, judged)  # whether there was a split is asked first
    return judged


def reopen_pack(request: RebalanceRequest, pricing_pack_id: str, packs: PackStore) -> MarketSnapshot:
    """The pack of an earlier run, checked again under this request's data policy."""
    from portopt.market import recheck

    snapshot = recheck(packs.get(pricing_pack_id), request.policy.data, _query(request))
    return _judged(request, snapshot)


def _query(request: RebalanceRequest) -> MarketQuery:
    lookback = request.policy.estimation.lookback
    last_dates = None if lookback is None else lookback + 1  # one return needs two prices
    return MarketQuery(assets=wanted_assets(request), as_of=request.as_of, last_dates=last_dates)


def _judged(request: RebalanceRequest, snapshot: MarketSnapshot) -> MarketSnapshot:
    """By the length of its histories, and beside what is held."""
    from portopt.market import judge_histories

    choice = request.policy.estimation
    judged = judge_histories(snapshot, choice.min_observations, choice.lookback, request.policy.data)
    return beside_holdings(request, judged)


def beside_holdings(request: RebalanceRequest, snapshot: MarketSnapshot) -> MarketSnapshot:
    """Prices, of another book perhaps, as they stand to what this one holds (market/asked_about.py). Raises SharesInDoubt."""
    from portopt.market import with_shares_judged

    return with_shares_judged(request, snapshot)


def _require_money(request: RebalanceRequest, table: pl.DataFrame, source: str) -> None:
    """Raises DataError where the prices have an asset called cash, in any case, and so do the holdings: money or a fund?"""
    import polars as pl

    if request.holdings.cash == 0:
        return
    names = table["asset_id"].cast(pl.String)
    as_long = table.filter(names.str.len_bytes() == len(CASH))  # a table has millions of names to put into capitals
    called = as_long.filter(as_long["asset_id"].cast(pl.String).str.to_uppercase() == CASH)
    if called.height == 0 or (called["close"] == 1.0).all():
        return
    name, price = str(called["asset_id"][-1]), float(called["close"][-1])
    raise DataError(
        f"{source} prices an asset called {name} ({price:g} on {called['date'][-1]}), and the holdings have {CASH}: "
        f"that name is taken by money, {request.holdings.cash} of it",
        field="holdings",
        value=name,
        measured={"price": price, "held": str(request.holdings.cash)},
        fixes=[
            f"where it is a fund, give it another name in holdings and prices ({name}_FUND)",
            f"where it is money, take the prices of {name} out of the file",
        ],
    )


def _require_prices(request: RebalanceRequest, snapshot: MarketSnapshot) -> None:
    """What is held or in the benchmark must have a price; what is only a candidate without one is left out, with a note.

    A holding counts at the price that its own row states where the policy quarantines what is wrong with its prices.
    """
    priced = snapshot.priced()
    quarantined = {f.asset_id for f in snapshot.findings if f.treatment == "quarantined"}
    stated = set(request.holdings.stated_prices) & quarantined
    for field, named in (("holdings", request.holdings.shares), ("benchmark", request.benchmark or {})):
        unpriced = sorted(set(named) - priced - {CASH} - (stated if field == "holdings" else set()))
        if unpriced:
            raise DataError(
                f"no price for {', '.join(unpriced)} ({field}) in {snapshot.source}",
                field=field,
                value=unpriced,
                measured={"assets_priced": len(priced)},
                fixes=[
                    "correct the identifier, add its prices, or remove it from the request",
                    *([STATED] if field == "holdings" else []),
                ],
            )


def _require_lots(request: RebalanceRequest, snapshot: MarketSnapshot) -> None:
    if request.holdings.tax is not None:
        from portopt.market.lot_checks import require_lots_of_their_time

        require_lots_of_their_time(snapshot, request.holdings)


# --- beliefs ------------------------------------------------------------------------------------------------------


def estimate(request: RebalanceRequest, snapshot: MarketSnapshot) -> Moments:
    """Annual moments of the request's universe from the snapshot's prices."""
    return estimated(request, snapshot)


# --- the answer ---------------------------------------------------------------------------------------------------


def optimize(
    problem: Problem,
    relax_order: tuple[str, ...] = (),
    *,
    room: float = 0.0,
    rounds: Callable[[Problem], bool] | None = None,
    neighbour: Solved | None = None,
    work: float | None = None,
) -> Solved:
    """Solve; when no portfolio satisfies the limits, diagnose, and let the declared order give way where there is one.

    room: what every opening leaves to whole lots, a fraction of portfolio value. rounds: whether a problem has whole lots.
    neighbour: a problem solved before, to begin at: of the same assets and the same kinds of limits it saves most of the work,
    otherwise it is of no use and costs little. The answer is the same to the last digits.
    work: how much a diagnosis may ask (diagnosis/effort.py), and what arithmetic sees is then enough; None is the usual.
    """
    from portopt import diagnosis as why
    from portopt import optimization

    form = optimization.assemble(problem)
    early = why.check_before(problem, form)
    solution = None if early is not None else optimization.optimize(problem, form=form, near=_solved_form(neighbour))
    if solution is not None and solution.status is not SolveStatus.INFEASIBLE:
        return Solved(problem, problem, form, solution)
    # What ends up in a document is decided without trying plans: how many are tried depends on the clock.
    tried = None if relax_order else rounds
    if work is None:
        diagnosis = why.diagnose(problem, room=room, rounds=tried)
    else:
        diagnosis = early or why.diagnose(problem, room=room, work=work)
    infeasible = Solution(SolveStatus.INFEASIBLE, problem.identity(), diagnosis=diagnosis)
    if not relax_order:
        return Solved(problem, problem, form, infeasible, diagnosis=diagnosis)
    relaxed, gave_way = why.relax_in_order(problem, relax_order, room=room)
    if not gave_way:
        return Solved(problem, problem, form, infeasible, diagnosis=diagnosis)
    relaxed = construct(relaxed)
    form = optimization.assemble(relaxed)
    return Solved(problem, relaxed, form, optimization.optimize(relaxed, form=form), gave_way, diagnosis)


def _solved_form(neighbour: Solved | None) -> Neighbour | None:
    if neighbour is None or neighbour.solution.raw is None:
        return None
    from portopt.optimization.neighbour import Neighbour

    return Neighbour(neighbour.form, neighbour.solution.raw)


def optimize_for(
    request: RebalanceRequest,
    snapshot: MarketSnapshot,
    moments: Moments,
    until: Deadline = NEVER,
    *,
    work: float | None = None,
) -> Solved:
    """Formulate and optimize; whatever must be opened leaves room for the request's own lots.

    work: as for `optimize`.

    until: ends the work without an answer. What is answered is a run, which is worked out again to the same bytes: no clock has
    a part in it, and from the certificate on nothing ends early.
    """
    return optimize_posed(formulate(request, snapshot, moments, until), request, snapshot, work=work)


def optimize_posed(
    problem: Problem,
    request: RebalanceRequest,
    snapshot: MarketSnapshot,
    *,
    work: float | None = None,
    neighbour: Solved | None = None,
) -> Solved:
    """The same for the request's problem as it is formulated already. neighbour: as for `optimize`."""
    from portopt.trading import can_trade, dearest_lot

    until, rules, flows = problem.until, request.policy.trading, request.cash_flow is not None

    def rounds(opened: Problem) -> bool:
        return can_trade(opened, request.funded, exact_prices_of(request, snapshot), rules, floor_after_fees=flows)

    room = LOTS_OF_ROOM * dearest_lot(problem, rules)
    order = order_of_giving_way(request.policy.relax_order, request.policy.limits)
    answer = optimize(problem, order, room=room, rounds=rounds, work=work, neighbour=neighbour)
    if work is None and answer.solution.status is SolveStatus.INFEASIBLE:
        answer = replace(answer, fixes=_less_of_it(request, snapshot, problem))
    return answer if not until.is_set else answer.without_deadline()


def _less_of_it(request: RebalanceRequest, snapshot: MarketSnapshot, problem: Problem) -> tuple[str, ...]:
    """What money could leave instead of all that is asked for, and whether limits that are missed already are what stops it."""
    fixes: list[str] = []
    moments = problem.moments
    if request.cash_flow is not None and request.cash_flow.is_withdrawal:
        most = most_raised(request, lambda asked: has_plan(asked, snapshot, moments))
        fixes += [] if most is None else [f"withdraw at most {most:,.2f} {request.holdings.currency}"]
    strict = not (request.no_worse or request.only_raises)
    one_way = request.cash_flow is not None or any(limit.forbids for limit in problem.limits)
    if strict and one_way and has_plan(replace(request, no_worse=True), snapshot, moments):
        fixes.append("leave limits that are missed already as they are, missed by no more (no_worse)")
    return tuple(fixes)


def has_plan(request: RebalanceRequest, snapshot: MarketSnapshot, moments: Moments) -> bool:
    """Whether weights keep every limit, and whole lots near them are easily found."""
    from portopt import diagnosis as why
    from portopt import optimization
    from portopt.trading import can_trade

    problem = formulate(request, snapshot, moments)
    form = optimization.assemble(problem)
    if why.check_before(problem, form) is not None or optimization.solve_quickly(form).status is not SolveStatus.OPTIMAL:
        return False
    prices, flows = exact_prices_of(request, snapshot), request.cash_flow is not None
    return can_trade(problem, request.funded, prices, request.policy.trading, floor_after_fees=flows)


def timings_of(answer: Solved) -> dict[str, float]:
    """Seconds inside the engine; of the record, not of the document, which knows no clock."""
    return {} if answer.solution.raw is None else {"optimize": answer.solution.raw.seconds}


def certify(answer: Solved, snapshot: MarketSnapshot | None = None) -> ValidatedSolution:
    """The audit. Raises CertificateRefused; an infeasible answer raises InfeasibleRequest with its diagnosis.

    snapshot: names, where there is one, the data that froze a holding, which may be what the limits conflict with.
    """
    from portopt import audit
    from portopt.domain.errors import stopped
    from portopt.domain.infeasible import infeasible_request

    solution = answer.solution
    if solution.status is SolveStatus.INFEASIBLE and answer.diagnosis is not None:
        findings = snapshot.findings if snapshot is not None else ()
        set_aside = [f.detail for f in findings if f.treatment == "quarantined"]
        raise infeasible_request(answer.problem, answer.diagnosis, set_aside, answer.fixes)
    if not solution.is_optimal:
        raise stopped(solution.status.value, solution.raw.message if solution.raw else "")
    return audit.certify(answer.problem, answer.form, solution)


def trade(request: RebalanceRequest, snapshot: MarketSnapshot, answer: Solved, validated: ValidatedSolution) -> RebalancePlan:
    """Whole shares that keep every limit, with money to the cent."""
    from portopt.trading import make_plan

    prices, rules = exact_prices_of(request, snapshot), request.policy.trading
    flows = request.cash_flow is not None
    return make_plan(answer.problem, validated, request.funded, prices, rules, floor_after_fees=flows)


def frontier_of(answer: Solved, weights: Vector) -> Frontier:
    """The efficient frontier under the request's own limits, with the target on it.

    Raises DataError, InfeasibleRequest where there is none or it would take too long.
    weights: (n,) of the target.
    """
    from portopt import optimization

    swept = next((points for most, points in SWEPT_POINTS if answer.problem.n <= most), 0)
    frontier = optimization.affordable_frontier(answer.problem, FRONTIER_POINTS, swept, answer.form)
    moments = answer.problem.moments
    r, sigma = float(moments.mu @ weights), moments.covariance.volatility(weights)
    sharpe = (r - answer.problem.risk_free_rate) / sigma if sigma > 0 else None
    return dataclasses.replace(frontier, target=FrontierPoint(r, sigma, sharpe, weights))


def conclude(
    request: RebalanceRequest,
    snapshot: MarketSnapshot,
    answer: Solved,
    validated: ValidatedSolution,
    plan: RebalancePlan,
    *,
    run_id: str,
    frontier: bool = True,
) -> RebalanceOutcome:
    """Prices of limits, reasons of trades, frontier: everything that is said about the answer.

    The answer is certified: what cannot be said about it any more is left out, with its reason.
    run_id: which run it is (runs/identity.py).
    """
    from portopt.analysis import Attempts

    said = Attempts()
    explanation = explain(answer, validated, plan, said, request.policy.trading)
    reasons = {reason.asset_id: reason.sentence for reason in explanation.reasons}
    trades = tuple(dataclasses.replace(t, reason=t.reason or reasons.get(t.asset_id, "")) for t in plan.trades)
    drawn = said.attempt(FRONTIER, lambda: frontier_of(answer, validated.weights)) if frontier else None
    return RebalanceOutcome(
        run_id=run_id,
        request=request,
        snapshot=snapshot,
        asked=answer.asked,
        problem=answer.problem,
        validated=validated,
        plan=dataclasses.replace(plan, trades=trades),
        explanation=dataclasses.replace(explanation, left_out=tuple(said.left_out)),
        frontier=drawn,
        form=answer.form,
        gave_way=answer.gave_way,
        diagnosis=answer.diagnosis,
    )


def explain(
    answer: Solved,
    validated: ValidatedSolution,
    plan: RebalancePlan,
    said: Attempts,
    rules: TradingRules | None = None,
) -> Explanation:
    """The explanation as far as it can be given. said: is told what cannot. rules: of trading, for what was not traded."""
    from portopt import analysis

    prices = prices_of(answer.problem, answer.form, validated.solution.raw, said)
    whole = said.attempt(REASONS, lambda: analysis.explain(answer.problem, answer.form, validated, prices))
    if whole is None:
        sources = said.attempt(SOURCES, lambda: analysis.risk_contributions(answer.problem, validated.weights))
        return Explanation(prices, sources or (), (), None)
    settled = said.attempt(REASONS, lambda: analysis.settled(whole, plan, answer.problem, rules))
    return settled or dataclasses.replace(whole, reasons=())


def prices_of(
    problem: Problem, form: StandardForm, raw: RawAnswer | None, said: Attempts, *, again: bool = True
) -> tuple[ShadowPrice, ...]:
    """What more room under the binding limits is worth; by the multipliers alone without `again`, and where that fails."""
    from portopt import optimization

    if raw is None:
        said.leave_out(PRICES, "the answer came without multipliers")
        return ()
    prices = said.attempt(PRICES, lambda: optimization.shadow_prices(problem, form, raw)) or ()
    if not again:
        return prices
    solved = said.attempt(WORTH, lambda: optimization.solved_again(problem, form, raw, prices))
    return prices if solved is None else solved


def document_of(outcome: RebalanceOutcome) -> dict[str, Any]:
    """The deterministic answer: every number, no clock."""
    from portopt.document.document import rebalance_document

    return rebalance_document(outcome)


def require_feasible(problem: Problem) -> None:
    """Raises InfeasibleRequest, diagnosed, when no portfolio satisfies the problem's limits; the objective is left aside."""
    from portopt.terms.catalog import parse_objective

    answer = optimize(problem.replaced(objective=parse_objective({"kind": "min_risk"})))
    if answer.solution.status is SolveStatus.INFEASIBLE:
        certify(answer)


def work(
    request: RebalanceRequest,
    snapshot: MarketSnapshot,
    *,
    run_id: str,
    frontier: bool = True,
    step: Step = nullcontext,
    until: Deadline = NEVER,
) -> tuple[dict[str, Any], Solved]:
    """Every step from a snapshot to the document. run_id: which run it is. step: told the name of each as it begins."""
    with step("estimate"):
        moments = estimate(request, snapshot)
    with step("optimize"):
        answer = optimize_for(request, snapshot, moments, until)
    with step("validate"):
        validated = certify(answer, snapshot)
    with step("trade"):
        plan = trade(request, snapshot, answer, validated)
    with step("explain"):
        document = document_of(conclude(request, snapshot, answer, validated, plan, run_id=run_id, frontier=frontier))
    return document, answer

"""What a changed policy would have made of proposals: each on its own prices and holdings, certified and compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portopt import formulation, pipeline
from portopt.analysis.yardstick import Yardstick
from portopt.domain.arrays import Vector
from portopt.domain.choices import Measured
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DeadlineExceeded, InvalidValue, PortoptError
from portopt.domain.policy_preview import Answered, PolicyPreview, PreviewedRun
from portopt.domain.problem import Problem
from portopt.domain.request import Policy, RebalanceRequest
from portopt.questions import policies
from portopt.questions.posed import OnPrices, on_prices
from portopt.questions.stands import Stands, stands

if TYPE_CHECKING:
    from portopt.runtime import Runtime

MOST_PREVIEWED = 20  # proposals at once
BELIEFS = ("estimation", "data", "risk_free_rate")  # of a policy: where they are others, what is believed is worked out anew


def policy_preview(draft: Policy, run_ids: Sequence[str], runtime: Runtime, *, until: Deadline = NEVER) -> PolicyPreview:
    """Of every run, its own answer and the draft's. Where the draft has none, or its data do not do, it is told why.

    run_ids: proposals, whole shares left aside: certified weights are compared. Raises InvalidValue for too many of them or for
    one that is no rebalance, UnknownRun, DeadlineExceeded.
    """
    if len(run_ids) > MOST_PREVIEWED:
        raise InvalidValue("runs", len(run_ids), f"are too many: at most {MOST_PREVIEWED} proposals are looked at at once")
    known = {policy.id: policy for policy in policies.policies(runtime)}
    looked_at = tuple(_looked_at(draft, on_prices(run_id, runtime), run_id, until) for run_id in run_ids)
    return PolicyPreview(draft, known.get(draft.id), policies.in_words(draft), looked_at)


def _looked_at(draft: Policy, on: OnPrices, run_id: str, until: Deadline) -> PreviewedRun:
    standing = stands(on, until)
    own = standing.solved.problem
    weights = standing.validated.weights
    request, posed = dataclasses.replace(on.request, policy=draft), own
    found = PreviewedRun(
        run_id=run_id,
        as_of=on.snapshot.as_of,
        pricing_pack_id=on.snapshot.pricing_pack_id,
        currency=on.request.holdings.currency,
        stands=_answered(standing.solved, standing),
        measured=Yardstick(own, weights).measured(weights),
    )
    try:
        posed = _posed(standing, request, on, until)
        solved = pipeline.optimize_posed(posed, request, on.snapshot)
        validated = pipeline.certify(solved, on.snapshot)
    except DeadlineExceeded:
        raise
    except PortoptError as refusal:
        return dataclasses.replace(found, measured=_measured(posed, None, own, weights), problem=refusal.problem())
    return dataclasses.replace(
        found,
        measured=_measured(solved.problem, validated.weights, own, weights),
        other=_answered(solved, Stands(posed, solved, validated)),
        after=Yardstick(solved.problem, validated.weights).measured(validated.weights),
        moved=_moved(own, weights, solved.problem, validated.weights),
    )


def _posed(standing: Stands, request: RebalanceRequest, on: OnPrices, until: Deadline) -> Problem:
    """The draft's problem of the same book: on the same beliefs where it believes the same."""
    before, now = on.request.policy, request.policy
    if all(getattr(before, part) == getattr(now, part) for part in BELIEFS):
        return formulation.with_terms_of(standing.posed.replaced(until=until), request, on.snapshot)
    return formulation.formulate(request, on.snapshot, pipeline.estimate(request, on.snapshot), until)


def _answered(solved: pipeline.Solved, found: Stands) -> Answered:
    words = tuple(step.because for step in solved.gave_way)
    return Answered(solved.problem, found.validated.weights, found.validated.certificate, words)


def _measured(problem: Problem, best: Vector | None, own: Problem, w: Vector) -> Measured:
    """What stands by the draft's terms, where both are of the same assets."""
    if problem.universe.ids != own.universe.ids:
        return Yardstick(own, w).measured(w)
    return Yardstick(problem, best).measured(w)


def _moved(a: Problem, w_a: Vector, b: Problem, w_b: Vector) -> float:
    """Half the sum of differences, by asset."""
    first, second = dict(zip(a.universe.ids, w_a.tolist(), strict=True)), dict(zip(b.universe.ids, w_b.tolist(), strict=True))
    moved: float = 0.5 * sum(abs(second.get(name, 0.0) - first.get(name, 0.0)) for name in {**first, **second})
    return moved

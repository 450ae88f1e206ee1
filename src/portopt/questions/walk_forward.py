"""How a policy, and the choice of its parameters, would have done where nothing of the test was known to the choice."""

from __future__ import annotations

from portopt.domain.walk import WalkForward
from portopt.judgement.gate import Gate
from portopt.judgement.walked import WalkFound
from portopt.ports import TrialStore
from portopt.questions.through_time.backtest import Backtest
from portopt.questions.through_time.walk_forward import (
    chosen,
    concluded_walk,
    cross_validated_for,
    planned_for,
    proven_walk,
    tried,
    walked_over,
)
from portopt.simulation.simulate import Progress


def walk_forward(
    asked: Backtest,
    walk: WalkForward,
    *,
    registry: TrialStore | None = None,
    gate: Gate = Gate(),
    progress: Progress | None = None,
) -> WalkFound:
    """Try every variant, choose in every training window, walk over the tests on one ledger, and judge.

    registry: where what is tried is counted with what was tried before on the same assets.
    Raises RequestError for windows or values that mean nothing, DataError for a history shorter than a window and a test.
    """
    of = planned_for(asked, walk)
    trials = [tried(of, variant.number, progress) for variant in of.variants]
    choices = chosen(of, trials)
    s, run, end = walked_over(of, choices, progress)
    paths = cross_validated_for(of) if walk.groups else None
    proof = proven_walk(of, s, run, end) if asked.request.prove else None
    return concluded_walk(of, trials, choices, s, run, end, registry=registry, gate=gate, paths=paths, proof=proof)

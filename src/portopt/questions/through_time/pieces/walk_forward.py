"""A walk-forward in pieces: the variants in a few parts at once, the walk in stretches, paths and proof where asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.document.walk_forward import walk_document
from portopt.domain.backtest_found import Changed, Proof
from portopt.domain.market import MarketSnapshot
from portopt.domain.packing import pack, unpack
from portopt.domain.walk import Choice, Paths, Trial
from portopt.questions.through_time.pieces.backtest import PROOF
from portopt.questions.through_time.pieces.stretches import joined, names, walk_stretch
from portopt.questions.through_time.pieces.work import Done
from portopt.questions.through_time.question import asked_on
from portopt.questions.through_time.walk_forward import (
    chosen,
    concluded_walk,
    cross_validated_for,
    planned_for,
    proven_walk,
    tried,
    walking_of,
)
from portopt.runs.through_time.question import Question
from portopt.simulation.simulate import Simulation

if TYPE_CHECKING:
    from portopt.ports import TrialStore

MOST_PARTS = 8  # in which variants are tried
PATHS = "paths"
KINDS = (Trial, Paths, Proof, Changed)


class WalkForwardWork:
    """Made on a snapshot: the same question and prices are cut into the same pieces. Raises what `planned_for` raises.

    registry: where what is tried is counted with what was tried before on the same assets.
    """

    def __init__(self, run_id: str, question: Question, snapshot: MarketSnapshot, registry: TrialStore | None) -> None:
        if question.walk is None:
            raise ValueError("a walk-forward has windows")
        self._run_id, self._registry = run_id, registry
        self._of = planned_for(asked_on(question, snapshot), question.walk)
        self._parts = _parts(len(self._of.variants))
        self._walks = names(self._of.plan.walk_first, self._of.plan.last)

    @property
    def rounds(self) -> tuple[tuple[str, ...], ...]:
        at_once = (*self._parts, *((PATHS,) if self._of.walk.groups else ()))
        proof = ((PROOF,),) if self._of.asked.request.prove else ()
        return (at_once, *((name,) for name in self._walks), *proof)

    def work(self, piece: str, done: Done) -> bytes:
        if piece == PATHS:
            return pack(cross_validated_for(self._of), KINDS)
        if piece in self._parts:
            return pack([tried(self._of, number) for number in self._parts[piece]], KINDS)
        s, prove = self._simulation(done), self._of.asked.request.prove
        if piece == PROOF:
            return pack(proven_walk(self._of, s, *joined(s, [done(name) for name in self._walks])), KINDS)
        k = self._walks.index(piece)
        return walk_stretch(s, k, None if k == 0 else done(self._walks[k - 1]), keeps_seen=prove)

    def document(self, done: Done) -> dict[str, Any]:
        s, of = self._simulation(done), self._of
        run, end = joined(s, [done(name) for name in self._walks])
        paths = unpack(done(PATHS), KINDS) if of.walk.groups else None
        proof = unpack(done(PROOF), KINDS) if of.asked.request.prove else None
        trials, choices = self._trials(done), self._choices(done)
        found = concluded_walk(of, trials, choices, s, run, end, registry=self._registry, paths=paths, proof=proof)
        return walk_document(found, self._run_id)

    def _trials(self, done: Done) -> list[Trial]:
        return [one for part in self._parts for one in unpack(done(part), KINDS)]

    def _choices(self, done: Done) -> tuple[Choice, ...]:
        return chosen(self._of, self._trials(done))

    def _simulation(self, done: Done) -> Simulation:
        return walking_of(self._of, self._choices(done))


def _parts(variants: int) -> dict[str, range]:
    """Numbers of variants by the piece that tries them.

    >>> _parts(3)
    {'try-01': range(0, 1), 'try-02': range(1, 2), 'try-03': range(2, 3)}
    """
    count = min(MOST_PARTS, variants)
    edges = [variants * k // count for k in range(count + 1)]
    return {f"try-{k + 1:02d}": range(edges[k], edges[k + 1]) for k in range(count)}

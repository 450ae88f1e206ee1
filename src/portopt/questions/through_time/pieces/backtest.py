"""A backtest in pieces: the walk in stretches, and the proof where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portopt.document.backtest import backtest_document
from portopt.domain.backtest_found import Changed, Proof
from portopt.domain.market import MarketSnapshot
from portopt.domain.packing import pack, unpack
from portopt.questions.through_time.backtest import concluded, posed, proven, tried
from portopt.questions.through_time.pieces.stretches import joined, names, walk_stretch
from portopt.questions.through_time.pieces.work import Done
from portopt.questions.through_time.question import asked_on
from portopt.runs.through_time.question import Question

if TYPE_CHECKING:
    from portopt.runtime import Runtime

PROOF, OF_PROOFS = "proof", (Proof, Changed)


class BacktestWork:
    """Made on a snapshot: the same question and prices are cut into the same pieces. Raises what `posed` raises.

    runtime: in whose register what is tried is counted.
    """

    def __init__(self, run_id: str, question: Question, snapshot: MarketSnapshot, runtime: Runtime | None = None) -> None:
        self._run_id, self._runtime, self._asked = run_id, runtime, asked_on(question, snapshot)
        self._s, self._held_against = posed(self._asked)
        self._walks = names(self._s.first, self._s.last)

    @property
    def rounds(self) -> tuple[tuple[str, ...], ...]:
        walks = tuple((name,) for name in self._walks)
        return (*walks, (PROOF,)) if self._asked.request.prove else walks

    def work(self, piece: str, done: Done) -> bytes:
        if piece == PROOF:
            return pack(proven(self._asked, self._s, *joined(self._s, [done(name) for name in self._walks])), OF_PROOFS)
        k = self._walks.index(piece)
        before = None if k == 0 else done(self._walks[k - 1])
        return walk_stretch(self._s, k, before, keeps_seen=self._asked.request.prove)

    def document(self, done: Done) -> dict[str, Any]:
        whole, run = joined(self._s, [done(name) for name in self._walks])
        request, prove = self._asked.request, self._asked.request.prove
        unproven = replace(self._asked, request=replace(request, prove=False))
        found = concluded(unproven, self._s, self._held_against, whole, run)
        proof = unpack(done(PROOF), OF_PROOFS) if prove else None
        found = replace(found, request=request, proof=proof)
        document = backtest_document(found, self._run_id)
        tried(found, document, self._runtime)
        return document

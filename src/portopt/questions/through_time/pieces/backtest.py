"""A backtest in pieces: the walk in stretches, and the proof where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portopt.document.backtest import backtest_document
from portopt.domain.backtest import BacktestRequest
from portopt.domain.backtest_found import Changed, Proof
from portopt.domain.market import MarketSnapshot
from portopt.domain.packing import pack, unpack
from portopt.market.action_checks import checked
from portopt.questions.through_time.backtest import Backtest, concluded, posed, proven
from portopt.questions.through_time.pieces.stretches import joined, names, walk_stretch
from portopt.questions.through_time.pieces.work import Done
from portopt.runs.through_time.question import Question
from portopt.simulation.history import History

PROOF, OF_PROOFS = "proof", (Proof, Changed)


class BacktestWork:
    """Made on a snapshot: the same question and prices are cut into the same pieces. Raises what `posed` raises."""

    def __init__(self, run_id: str, question: Question, snapshot: MarketSnapshot) -> None:
        self._run_id, self._asked = run_id, asked_on(question, snapshot)
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
        return backtest_document(replace(found, request=request, proof=proof), self._run_id)


def asked_on(question: Question, snapshot: MarketSnapshot) -> Backtest:
    """The question with its history; actions that the prices contradict are not in it, but among its findings."""
    beside = checked(question.request.actions, snapshot)
    request, snapshot = replace(question.request, actions=beside.actions), replace(snapshot, findings=beside.findings)
    history = History.of(snapshot, request.actions, request.members, request.policies)
    request, notes = _without_impact(request, history)
    return Backtest(request, history, notes=notes)


def _without_impact(request: BacktestRequest, history: History) -> tuple[BacktestRequest, tuple[str, ...]]:
    """Impact needs volumes: without them it is left out, with a note."""
    if request.execution.impact <= 0.0 or history.volumes is not None:
        return request, request.notes
    note = f"{history.source} has no volumes: the ledger charges no impact"
    return replace(request, execution=replace(request.execution, impact=0.0)), (*request.notes, note)

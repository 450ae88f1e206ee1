"""A comparison in pieces: each strategy by itself, then what they are all held against; the paired tests at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.domain.backtest import Backtested, Decision, Fill, Happening, Order
from portopt.domain.market import MarketSnapshot
from portopt.domain.packing import pack, unpack
from portopt.judgement.walked import Side
from portopt.questions.comparison import PAIRED_DRAWS
from portopt.questions.through_time.comparison import comparison_on, document_of, tried
from portopt.questions.through_time.pieces.work import Done
from portopt.runs.through_time.question import Question
from portopt.simulation.comparison import comparators, concluded, side, simulations

if TYPE_CHECKING:
    from portopt.runtime import Runtime

BESIDE = "beside"
KINDS = (Side, Backtested, Order, Decision, Fill, Happening)


class ComparisonWork:
    """Made on a snapshot: the same question and prices are cut into the same pieces. Raises what `simulations` raises.

    runtime: in whose register what is tried is counted.
    """

    def __init__(self, run_id: str, question: Question, snapshot: MarketSnapshot, runtime: Runtime | None = None) -> None:
        self._run_id, self._runtime, self._asked = run_id, runtime, comparison_on(question, snapshot)
        base = self._asked.base
        self._sims = simulations(self._asked.requests, base.history, base.path, self._asked.deciders)
        self._sides = {f"side-{k + 1:02d}": name for k, name in enumerate(self._sims)}

    @property
    def rounds(self) -> tuple[tuple[str, ...], ...]:
        return (tuple(self._sides), (BESIDE,))

    def work(self, piece: str, done: Done) -> bytes:
        if piece == BESIDE:
            bought = unpack(done(next(iter(self._sides))), KINDS)[1]
            return pack(comparators(self._sims, dict(bought), self._asked.base.path), KINDS)
        name = self._sides[piece]
        found, bought = side(name, self._sims[name])
        return pack([found, list(bought.items())], KINDS)

    def document(self, done: Done) -> dict[str, Any]:
        sides = [unpack(done(piece), KINDS)[0] for piece in self._sides]
        seed = self._asked.base.request.seed
        found = concluded(self._sims, [*sides, *unpack(done(BESIDE), KINDS)], draws=PAIRED_DRAWS, seed=seed)
        document = document_of(self._asked, found, self._run_id)
        tried(self._asked, found, document, self._runtime)
        return document

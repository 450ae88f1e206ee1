"""A backtest in stretches of sessions, each from the book that the one before it left: together the whole walk, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from portopt.document.backtest import backtest_document
from portopt.domain.arrays import Vector
from portopt.domain.backtest import BacktestRequest, Decision, Fill, Happening, Order, Units
from portopt.domain.market import MarketSnapshot
from portopt.domain.packing import pack, unpack
from portopt.questions.backtest import Backtest, concluded, posed
from portopt.questions.pieces.work import Done
from portopt.runs.through_time.question import Question
from portopt.simulation.accounting import Account
from portopt.simulation.accounting.account import OpenOrder, Receivable
from portopt.simulation.history import History, day_of
from portopt.simulation.simulate import Closes, Run, backtested, begun, equity, stretch
from portopt.simulation.strategies import Held

MOST, LEAST = 8, 126  # stretches; sessions in one: a task costs a tenth of a second


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What a stretch came to, and the book that the next begins with. newest: the last decision by its end, of whichever stretch."""

    closes: Closes
    book: Account
    target: Vector | None
    decided: int | None
    memory: Any
    newest: Decision | None
    decisions: tuple[Decision, ...]
    seen: tuple[Held, ...]
    wanted: Mapping[int, Units]
    fills: tuple[Fill, ...]
    happenings: tuple[Happening, ...]
    unfilled: tuple[tuple[str, str], ...]


KINDS = (Stretch, Closes, Account, Receivable, OpenOrder, Order, Decision, Held, Fill, Happening)


class BacktestWork:
    """Made on a snapshot: the same question and prices are cut into the same stretches. Raises what `posed` raises."""

    def __init__(self, run_id: str, question: Question, snapshot: MarketSnapshot) -> None:
        request, self._run_id = question.request, run_id
        history = History.of(snapshot, request.actions, request.members, request.policies)
        request, notes = _without_impact(request, history)
        self._asked = Backtest(request, history, notes=notes)
        self._s, self._held_against = posed(self._asked)
        self._cuts = cuts(self._s.first, self._s.last)

    @property
    def rounds(self) -> tuple[tuple[str, ...], ...]:
        return tuple((f"walk-{k + 1:02d}",) for k in range(len(self._cuts)))

    def said(self, piece: str) -> str:
        first, last = (day_of(self._s.history.dates[row]) for row in self._cuts[self._index(piece)])
        return f"{first} to {last}"

    def work(self, piece: str, done: Done) -> bytes:
        k = self._index(piece)
        before = None if k == 0 else _read(done(self.rounds[k - 1][0]))
        run = begun(self._s) if before is None else _gone_on(before)
        known = len(run.decisions)
        closes = stretch(self._s, run, *self._cuts[k])
        return pack(_left(run, closes, known, keeps_seen=self._asked.request.prove), KINDS)

    def document(self, done: Done) -> dict[str, Any]:
        parts = [_read(done(piece)) for (piece,) in self.rounds]
        run = _joined(parts)
        closes = Closes(*(np.concatenate([getattr(p.closes, f.name) for p in parts]) for f in fields(Closes)))
        whole = backtested(self._s, run, closes, equity(begun(self._s).book))
        return backtest_document(concluded(self._asked, self._s, self._held_against, whole, run), self._run_id)

    def _index(self, piece: str) -> int:
        return self.rounds.index((piece,))


def _without_impact(request: BacktestRequest, history: History) -> tuple[BacktestRequest, tuple[str, ...]]:
    """Impact needs volumes: without them it is left out, with a note."""
    if request.execution.impact <= 0.0 or history.volumes is not None:
        return request, request.notes
    note = f"{history.source} has no volumes: the ledger charges no impact"
    return replace(request, execution=replace(request.execution, impact=0.0)), (*request.notes, note)


def cuts(first: int, last: int) -> list[tuple[int, int]]:
    """Rows (from, to) of each stretch, both counted.

    >>> cuts(10, 300)
    [(10, 154), (155, 300)]
    """
    T = last - first + 1
    count = max(1, min(MOST, T // LEAST))
    edges = [first + T * k // count for k in range(count + 1)]
    return [(a, b - 1) for a, b in zip(edges, edges[1:], strict=False)]


def _gone_on(before: Stretch) -> Run:
    """As the stretch before left it, with its last decision: whether there was one decides what a refusal means."""
    return Run(before.book, before.target, before.decided, before.memory, [] if before.newest is None else [before.newest])


def _left(run: Run, closes: Closes, known: int, *, keeps_seen: bool) -> Stretch:
    """What is new of a run. known: decisions that stood in it before."""
    return Stretch(
        closes, run.book, run.target, run.decided, run.memory, run.decisions[-1] if run.decisions else None,
        tuple(run.decisions[known:]),
        tuple(run.seen) if keeps_seen else (), dict(run.wanted), tuple(run.fills), tuple(run.happenings), tuple(run.unfilled),
    )  # fmt: skip


def _joined(parts: list[Stretch]) -> Run:
    last = parts[-1]
    run = Run(last.book, last.target, last.decided, last.memory)
    for part in parts:
        run.decisions += part.decisions
        run.seen += part.seen
        run.wanted |= part.wanted
        run.fills += part.fills
        run.happenings += part.happenings
        run.unfilled += part.unfilled
    return run


def _read(content: bytes) -> Stretch:
    found: Stretch = unpack(content, KINDS)
    return found



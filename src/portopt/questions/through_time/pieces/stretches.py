"""A walk from day to day in stretches, each from the book that the one before it left: the whole walk, to the bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import Backtested, Decision, Fill, Happening, Order, Units
from portopt.domain.backtest_taxes import LotSold
from portopt.domain.packing import pack, unpack
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.optimization.beside.standing import Standing
from portopt.simulation.accounting import Account, equity
from portopt.simulation.accounting.account import OpenOrder, Receivable
from portopt.simulation.daily import Memory
from portopt.simulation.simulate import Closes, Run, Simulation, backtested, begun, stretch
from portopt.simulation.strategies import Held
from portopt.simulation.taxed import OpenLoss, TaxBook

MOST, LEAST = 8, 126  # stretches; sessions in one: a task costs a tenth of a second


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What a stretch came to, and the book that the next begins with. newest: the last decision by its end, of any stretch."""

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


KINDS = (
    *(Stretch, Closes, Account, Receivable, OpenOrder, Order, Decision, Held, Fill, Happening, Memory, Standing),
    *(TaxBook, LotSold, OpenLoss, Lot, ClosedLot, TaxRecord),
)


def cuts(first: int, last: int) -> list[tuple[int, int]]:
    """Rows (from, to) of each stretch, both counted.

    >>> cuts(10, 300)
    [(10, 154), (155, 300)]
    """
    T = last - first + 1
    count = max(1, min(MOST, T // LEAST))
    edges = [first + T * k // count for k in range(count + 1)]
    return [(a, b - 1) for a, b in pairwise(edges)]


def names(first: int, last: int) -> tuple[str, ...]:
    """Of the pieces that the stretches are."""
    return tuple(f"walk-{k + 1:02d}" for k in range(len(cuts(first, last))))


def walk_stretch(s: Simulation, k: int, before: bytes | None, *, keeps_seen: bool) -> bytes:
    """The k-th stretch, from what the one before it left; None before the first. keeps_seen: a proof wants to see it."""
    run = begun(s) if before is None else _gone_on(_read(before))
    known = len(run.decisions)
    closes = stretch(s, run, *cuts(s.first, s.last)[k])
    return pack(_left(run, closes, known, keeps_seen=keeps_seen), KINDS)


def joined(s: Simulation, stretches: Sequence[bytes]) -> tuple[Backtested, Run]:
    """The whole walk, of all its stretches."""
    parts = [_read(content) for content in stretches]
    closes = Closes(*(np.concatenate([getattr(p.closes, f.name) for p in parts]) for f in fields(Closes)))
    run = _run_of(parts)
    return backtested(s, run, closes, equity(begun(s).book)), run


def _gone_on(before: Stretch) -> Run:
    """As the stretch before left it, with its last decision: whether there was one decides what a refusal means."""
    return Run(before.book, before.target, before.decided, before.memory, [] if before.newest is None else [before.newest])


def _left(run: Run, closes: Closes, known: int, *, keeps_seen: bool) -> Stretch:
    """What is new of a run. known: decisions that stood in it before."""
    return Stretch(
        closes, run.book, run.target, run.decided, run.memory, run.decisions[-1] if run.decisions else None,
        tuple(run.decisions[known:]), tuple(run.seen) if keeps_seen else (), dict(run.wanted), tuple(run.fills),
        tuple(run.happenings), tuple(run.unfilled),
    )  # fmt: skip


def _run_of(parts: Sequence[Stretch]) -> Run:
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

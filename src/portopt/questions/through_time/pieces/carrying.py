"""Carrying out a run in pieces: which are left, one of them, and what they come to."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portopt.domain.errors import DataError
from portopt.domain.market import MarketSnapshot
from portopt.questions.through_time.pieces.pack import reopen_pack
from portopt.questions.through_time.pieces.work import Done, Work
from portopt.runs.through_time.question import Question, question_from_data

if TYPE_CHECKING:
    from portopt.runtime import Runtime

_opening = threading.Lock()
_open: dict[str, Work] = {}  # the run that this process worked on last: to read its prices takes as long as a piece


def opened(run_id: str, runtime: Runtime) -> Work:
    """The work that a run is, on the prices that it began with."""
    with _opening:
        if run_id not in _open:
            run = runtime.runs.get(run_id)
            question = question_from_data(run.request)
            snapshot = reopen_pack(question, str(run.pricing_pack_id), runtime)
            _open.clear()
            _open[run_id] = _work_of(run_id, question, snapshot, runtime)
        return _open[run_id]


def _work_of(run_id: str, question: Question, snapshot: MarketSnapshot, runtime: Runtime) -> Work:
    if question.kind == "backtest":
        from portopt.questions.through_time.pieces.backtest import BacktestWork

        return BacktestWork(run_id, question, snapshot, runtime)
    if question.kind == "comparison":
        from portopt.questions.through_time.pieces.comparison import ComparisonWork

        return ComparisonWork(run_id, question, snapshot, runtime)
    from portopt.questions.through_time.pieces.walk_forward import WalkForwardWork

    return WalkForwardWork(run_id, question, snapshot, runtime.trials)


def missing(run_id: str, runtime: Runtime) -> tuple[tuple[str, ...], ...]:
    """The rounds as far as they are not finished; what is there of them is in use from now on."""
    runtime.pieces.taken_up(run_id)
    rounds = opened(run_id, runtime).rounds
    return tuple(tuple(piece for piece in round_ if not runtime.pieces.has(run_id, piece)) for round_ in rounds)


def work(run_id: str, piece: str, runtime: Runtime) -> str:
    """Work out one piece and keep it, unless it is there; its name."""
    if not runtime.pieces.has(run_id, piece):
        runtime.pieces.put(run_id, piece, opened(run_id, runtime).work(piece, _done(run_id, runtime)))
    return piece


def conclude(run_id: str, runtime: Runtime) -> Mapping[str, Any]:
    """The document, from the finished pieces."""
    return opened(run_id, runtime).document(_done(run_id, runtime))


def _done(run_id: str, runtime: Runtime) -> Done:
    def done(piece: str) -> bytes:
        found = runtime.pieces.get(run_id, piece)
        if found is None:
            raise DataError(
                f"the piece {piece} of {run_id} is not there, or is damaged", field="piece", value=piece,
                fixes=["ask for the same again: what is missing is worked out again"],
            )  # fmt: skip
        return found

    return done

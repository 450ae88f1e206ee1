"""HiGHS behind one place: the same options wherever it is asked, and no call whose status nobody reads.

Three doors lead here: linear programs (highs.py), their duals (highs_dual.py), whole numbers (highs_search.py). HiGHS
keeps one scheduler a process and from 1.16 on answers run() with an error where it was made for another number of threads,
by whichever library asked first: it is made anew then, and the question asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.deadline import LEAST_SECONDS, NEVER, Deadline
from portopt.domain.streams import OUT, unheard

OPTIONS: Mapping[str, object] = {
    "output_flag": False,
    "log_to_console": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "simplex_iteration_limit": 1_000_000,  # of one linear program; HiGHS sets its own inside a search
}
_FIRST: list[bool] = []  # filled once one was made
DOING = "solving"
OUT_OF_TIME = "Time limit reached"
NOT_RUN = "Not Set"  # HiGHS's word where run() gave up before it began


def _made(highspy: Any) -> Any:
    """The first one a process makes prints a banner (1.16), before any option can be set."""
    if _FIRST:
        return highspy.Highs()
    _FIRST.append(True)
    with unheard(OUT):
        return highspy.Highs()


class NativeFailure(Exception):
    """A native call answered an error: what it says afterwards is no answer."""

    def __init__(self, call: str, status: object) -> None:
        super().__init__(f"HiGHS: {call} answered {status}")


class Native:
    """One HiGHS with the product's options, and those of its door. Raises NativeFailure from every call."""

    def __init__(self, options: Mapping[str, object], until: Deadline = NEVER) -> None:
        import highspy

        self._highspy, self._until = highspy, until
        self.highs: Any = _made(highspy)
        for name, value in {**OPTIONS, **options}.items():
            self.must(f"setOptionValue({name})", self.highs.setOptionValue(name, value))

    def must(self, call: str, status: Any) -> None:
        """Raise unless the call went well. A warning is not an error: it is how a limit that was reached is told."""
        if status not in (self._highspy.HighsStatus.kOk, self._highspy.HighsStatus.kWarning):
            raise NativeFailure(call, status)

    def load(self, cost: Vector, A: Any, rows: tuple[Vector, Vector], box: tuple[Vector, Vector], integer: Mask | None) -> None:
        """minimize cost'x, rows[0] <= A x <= rows[1], box[0] <= x <= box[1], x whole where `integer`.

        cost: (N,). A: (m, N). rows: (m,) each. box: (N,) each. integer: (N,) or None.
        """
        highspy = self._highspy
        A = A if A.format in ("csc", "csr") else sp.csr_array(A)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), A.shape[0]
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, *box
        lp.row_lower_, lp.row_upper_ = rows
        wise = highspy.MatrixFormat
        lp.a_matrix_.format_ = wise.kRowwise if A.format == "csr" else wise.kColwise
        lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = len(cost), A.shape[0]
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = A.indptr, A.indices, A.data
        if integer is not None and integer.any():
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in integer]
        self.must("passModel", self.highs.passModel(lp))

    def move_row(self, row: int, lower: float, upper: float) -> None:
        self.must("changeRowBounds", self.highs.changeRowBounds(row, lower, upper))

    def forget_cost(self, columns: int) -> None:
        """Ask for any point instead of the best."""
        at = np.arange(columns, dtype=np.int32)
        self.must("changeColsCost", self.highs.changeColsCost(columns, at, np.zeros(columns)))

    def start_from(self, columns: Indices, values: Vector) -> None:
        self.must("setSolution", self.highs.setSolution(len(columns), columns.astype(np.int32), values))

    def watch(self, stop: Callable[[], bool]) -> None:
        """Have a search ask now and then, at the same places on every machine, whether to stop."""
        self.highs.cbMipInterrupt += lambda event: event.interrupt() if stop() else None

    def run(self, *, to_the_end: bool = True) -> str:
        """The model status in HiGHS's words, after a run that went well.

        to_the_end: raise DeadlineExceeded where there was no time for it, instead of giving what there is by then.
        """
        if self._until.is_set:  # HiGHS counts the time of all runs together
            left = self._until.seconds_for(DOING) if to_the_end else max(self._until.left(), LEAST_SECONDS)
            seconds = left + float(self.highs.getRunTime())
            self.must("setOptionValue(time_limit)", self.highs.setOptionValue("time_limit", seconds))
        status = self.highs.run()
        if status == self._highspy.HighsStatus.kError and self.word() == NOT_RUN:
            self._highspy.Highs.resetGlobalScheduler(True)
            status = self.highs.run()
        self.must("run", status)
        if to_the_end and self.word() == OUT_OF_TIME:
            self._until.check(DOING)
        return self.word()

    def word(self) -> str:
        return str(self.highs.modelStatusToString(self.highs.getModelStatus()))

    def close(self) -> None:
        """Give the memory back now: the object refers to itself and would wait for the collector."""
        self.must("clear", self.highs.clear())

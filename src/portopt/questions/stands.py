"""What stands: a request's own certified answer, which edits, what-ifs and alternatives are held against.

A process remembers the last few, so that a desk that asks one thing after another about the same proposal waits for what is new
alone. What is remembered is what would be worked out again, to the same digits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from portopt import formulation, pipeline
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.diagnosis import GaveWay
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.questions.posed import OnPrices

if TYPE_CHECKING:
    from portopt.optimization.prices.derivatives import Linearization

KEPT = 4  # about 20 MB each at 1,000 assets


@dataclass(frozen=True, eq=False)
class Stands:
    """posed: as the request asks; solved and validated: its answer."""

    posed: Problem
    solved: pipeline.Solved
    validated: ValidatedSolution

    @cached_property
    def near(self) -> Linearization:
        """How the weights move from here; worked out once. Raises NotDetermined."""
        from portopt.optimization.prices.derivatives import Linearization

        return Linearization(self.solved.problem, self.solved.form, self.validated.solution)

    def beside(self, request: RebalanceRequest, on: OnPrices, until: Deadline = NEVER) -> pipeline.Solved:
        """The answer to another request on the same book and the same beliefs, looked for near the one that stands."""
        problem = formulation.with_terms_of(self.posed.replaced(until=until), request, on.snapshot)
        return pipeline.optimize_posed(problem, request, on.snapshot, neighbour=self.solved)


class _Remembered:
    """The last few, by what was asked on which prices; shared between threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, str, tuple[str, ...]], Stands] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, on: OnPrices) -> Stands | None:
        with self._lock:
            found = self._found.pop(_key(on), None)
            if found is not None:
                self._found[_key(on)] = found
            return found

    def put(self, on: OnPrices, stands: Stands) -> Stands:
        with self._lock:
            self._found[_key(on)] = stands
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
        return stands

    def forget(self) -> None:
        """All of it: for tests of what is worked out."""
        with self._lock:
            self._found.clear()


REMEMBERED = _Remembered()


def _key(on: OnPrices) -> tuple[str, str, tuple[str, ...]]:
    return on.request.identity(), on.snapshot.pricing_pack_id, on.snapshot.notes


def stands(on: OnPrices, until: Deadline = NEVER) -> Stands:
    """Remembered, or worked out now. Raises InfeasibleRequest, diagnosed, where there is no answer."""
    if (found := REMEMBERED.get(on)) is not None:
        return found
    problem = formulation.formulate(on.request, on.snapshot, pipeline.estimate(on.request, on.snapshot), until)
    solved = pipeline.optimize_posed(problem, on.request, on.snapshot)
    return kept(on, problem, solved, pipeline.certify(solved, on.snapshot))


def kept(on: OnPrices, problem: Problem, solved: pipeline.Solved, validated: ValidatedSolution) -> Stands:
    """The same, worked out by whoever had to, for whoever asks next: no deadline outlives its question."""
    return REMEMBERED.put(on, Stands(problem.replaced(until=NEVER), solved, validated))


def gave_way(standing: Stands, other: pipeline.Solved) -> tuple[str, ...]:
    """Which limits the policy let give way in what stands, and in what is held against it, in sentences."""
    before = (f"in what stands {_opened(step)}" for step in standing.solved.gave_way)
    return (*before, *(f"here {_opened(step)}" for step in other.gave_way))


def _opened(step: GaveWay) -> str:
    return f"{step.relaxation.limit} gave way, to {step.relaxation.after}: {step.because}"

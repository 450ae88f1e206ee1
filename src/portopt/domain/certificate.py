"""The second opinion on an answer, and the only value that may leave: an answer with its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.domain.errors import CertificateRefused
from portopt.domain.problem import Readings
from portopt.domain.solution import Solution


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What the audit accepts. Limits in natural units; the others relative to the problem's own scale."""

    feasibility: float = 1e-9
    stationarity: float = 1e-7
    relative_gap: float = 1e-7
    voices: float = 1e-9
    mip_gap: float = 1.0  # for answers with integer columns: any gap may leave if it is stated, and a bound was proven


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """Recomputed from the problem by code that shares nothing with the solve.

    readings: every limit's slack. worst_violation: the largest over all hard limits, natural units.
    stationarity, dual_infeasibility, complementarity: residuals of the optimality conditions, relative.
    objective: by the auditor's own voice. gap: a bound, in the objective's unit, on how much any feasible portfolio
    could be better; relative_gap: the same over the objective's scale. mip_gap: for integer answers, by the search; else None.
    gap_proven: False where part of the bound rests on an estimate, because a column has no finite reach (see optimality.py).
    claims: what was checked of a constructed portfolio, in words with a figure or a word each.
    verdict: "certified" or "refused"; reasons: why, when refused. shortfalls: soft limits and what they miss by.
    """

    problem_identity: str
    verdict: str
    reasons: tuple[str, ...]
    readings: tuple[Readings, ...]
    worst_violation: float
    worst_limit: str
    stationarity: float
    dual_infeasibility: float
    complementarity: float
    objective: float
    gap: float
    relative_gap: float
    weight_sum: float
    exact_zeros: int
    mip_gap: float | None = None
    shortfalls: tuple[tuple[str, float], ...] = ()
    tolerances: Tolerances = Tolerances()
    gap_proven: bool = True
    claims: tuple[tuple[str, float | str], ...] = ()

    @property
    def certified(self) -> bool:
        return self.verdict == "certified"

    def without_readings(self) -> dict[str, Any]:
        """As data; the limits' own figures say the same as the readings."""
        return {name: value for name, value in plain(self).items() if name != "readings"}


@dataclass(frozen=True, slots=True, eq=False)
class ValidatedSolution:
    """A solution and the certificate that lets it leave. It cannot be built around a refusal."""

    solution: Solution
    certificate: Certificate

    def __post_init__(self) -> None:
        if not self.certificate.certified:
            raise CertificateRefused(
                "; ".join(self.certificate.reasons),
                measured={
                    "worst_violation": self.certificate.worst_violation,
                    "relative_gap": self.certificate.relative_gap,
                    "stationarity": self.certificate.stationarity,
                },
            )
        if self.certificate.problem_identity != self.solution.problem_identity or self.solution.weights is None:
            raise CertificateRefused("the certificate belongs to another problem")

    @property
    def weights(self) -> Vector:
        """(n,)"""
        if self.solution.weights is None:  # __post_init__ forbids it; the type checker cannot know
            raise CertificateRefused("a validated solution has weights")
        return self.solution.weights

"""Whether the best of what was tried may be used: promoted, or rejected with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.overfitting import Overfitting, overfitting
from portopt.judgement.sharpe import (
    correlated_error,
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    ratios,
    sharpe_moments,
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked of a strategy. confidence: least deflated Sharpe ratio. most_loss: largest share of halves of the history
    outside which the choice lost (several trials only). least_periods: shortest history. blocks: the history is cut into for
    the halves.
    """

    confidence: float = 0.95
    most_loss: float = 0.25
    least_periods: int = 120
    blocks: int = 10

    def __post_init__(self) -> None:
        for name, value in (("confidence", self.confidence), ("most_loss", self.most_loss)):
            if not 0.0 < value < 1.0:
                raise InvalidValue(name, value, "must be between 0 and 1")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is asked, what was measured, and whether it holds; the sentence says it."""

    name: str
    measured: float
    required: float
    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """promoted: every condition holds. chosen: which of the strategies was the best, None where a rule over them is judged.
    trials: how many were tried in all.

    Annual: sharpe, expected_by_luck (the best that so many trials without skill would have shown). probabilistic, deflated:
    probabilities. track_record: periods that it takes, None where no history would do. overfitting: None of a single trial.
    """

    promoted: bool
    chosen: int | None
    trials: int
    sharpe: float
    expected_by_luck: float
    probabilistic: float
    deflated: float
    track_record: float | None
    overfitting: float | None
    conditions: tuple[Condition, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is rejected; () where it is promoted."""
        return tuple(one.sentence for one in self.conditions if not one.holds)


def judge(
    R: Matrix,
    *,
    of: Vector | None = None,
    trials: int | None = None,
    gate: Gate = Gate(),
    periods_per_year: float = 252.0,
) -> Verdict:
    """Judge the best, by Sharpe ratio, of the strategies whose excess returns out of sample are the columns of R (T, N).

    of: (T,) excess returns of what is judged in its place: of a rule that chose among the columns as it went. trials: all that
    was tried, also where its returns are not at hand; N where left out. The error of the ratio is the larger of that of
    independent returns and of one that allows for dependence through time.

    Raises DataError for missing returns or where none varies, InvalidValue for fewer trials than columns.
    Source: Bailey and López de Prado (2014); Bailey, Borwein, López de Prado and Zhu (2015).
    """
    tried = R.shape[1] if trials is None else trials
    if tried < R.shape[1]:
        raise InvalidValue("trials", tried, f"is fewer than the {R.shape[1]} strategies shown")
    if not (np.isfinite(R).all() and (of is None or np.isfinite(of).all())):
        raise DataError("a strategy has days without a return", field="returns")
    sr = ratios(R)
    if of is None and np.isnan(sr).all():
        raise DataError("no strategy has returns that vary", field="returns")
    chosen = int(np.nanargmax(sr)) if of is None else None
    r = R[:, chosen] if of is None else of
    moments, shown = sharpe_moments(r), sr[~np.isnan(sr)]
    error = max(moments.standard_error, correlated_error(r))
    variance = _variance_by_luck(shown, error) if tried > 1 else 0.0
    deflated = deflated_sharpe(moments, tried, variance, error)
    found = overfitting(R, gate.blocks) if len(shown) > 1 and len(R) >= 2 * gate.blocks else None
    conditions = _conditions(gate, deflated, tried, len(R), found)
    year = periods_per_year**0.5
    return Verdict(
        all(one.holds for one in conditions),
        chosen,
        tried,
        moments.sr * year,
        expected_maximum_sharpe(tried, variance) * year,
        probabilistic_sharpe(moments, 0.0, error),
        deflated,
        minimum_track_record(moments, confidence=gate.confidence),
        None if found is None else found.probability,
        conditions,
    )


def _variance_by_luck(sr: Vector, error: float) -> float:
    """The spread of the trials' ratios, and no more than chance alone gives each of them: skill among the trials, which spreads
    them too, does not raise the bar for itself.
    """
    return min(float(np.var(sr, ddof=1)), error**2) if len(sr) > 1 else error**2


def _conditions(gate: Gate, deflated: float, tried: int, periods: int, found: Overfitting | None) -> tuple[Condition, ...]:
    among = "it is the only one tried" if tried == 1 else f"{tried} were tried"
    out = [
        Condition(
            "history",
            float(periods),
            float(gate.least_periods),
            periods >= gate.least_periods,
            f"{periods} returns out of sample; at least {gate.least_periods} are asked",
        ),
        Condition(
            "deflated_sharpe",
            deflated,
            gate.confidence,
            deflated >= gate.confidence,
            f"the probability that its Sharpe ratio is more than luck is {deflated:.3f}, as {among}; "
            f"at least {gate.confidence:g} is asked",
        ),
    ]
    if found is not None:
        out.append(
            Condition(
                "loss_outside",
                found.loss,
                gate.most_loss,
                found.loss <= gate.most_loss,
                f"chosen on one half of the history, the best lost on the other in {found.loss:.1%} of the halves; "
                f"at most {gate.most_loss:.1%} are allowed",
            )
        )
    return tuple(out)

"""Whether the best of what was tried may be used: promoted, or rejected with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.best_of_many import by_luck
from portopt.judgement.overfitting import halves, overfitting
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
    """What is asked of a strategy. confidence: that it is no luck, for all that was tried. most_loss: largest share of the
    halves of the history in which it lost. least_periods: shortest history. blocks: the history is cut into for the halves.
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

    by_luck: probability that the best of as many trials without skill, as dependent on each other as these, scores as much.
    Annual: sharpe, expected_by_luck (the best that so many independent trials without skill would have shown). probabilistic,
    deflated: probabilities. track_record: periods that it takes, None where no history would do. overfitting: None of a single
    trial. Only what is among the conditions decides.
    """

    promoted: bool
    chosen: int | None
    trials: int
    sharpe: float
    by_luck: float
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

    Raises DataError for missing returns, fewer than eight, or where none varies; InvalidValue for fewer trials than columns.
    Source: White (2000), Romano and Wolf (2005) for the decision; Bailey and López de Prado (2014) and Bailey, Borwein, López
    de Prado and Zhu (2015) for what is told beside it.
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
    others = np.delete(R, chosen, axis=1) if chosen is not None else R[:, : R.shape[1] if tried > 1 else 0]
    luck = by_luck(others, r).probability(moments.sr / error, tried - R.shape[1])
    cut = len(R) >= 2 * gate.blocks
    lost = float(np.mean(halves(r[:, None], gate.blocks) < 0.0)) if cut else None
    year = periods_per_year**0.5
    conditions = _conditions(gate, luck, tried, len(R), lost)
    return Verdict(
        all(one.holds for one in conditions),
        chosen,
        tried,
        moments.sr * year,
        luck,
        expected_maximum_sharpe(tried, variance) * year,
        probabilistic_sharpe(moments, 0.0, error),
        deflated_sharpe(moments, tried, variance, error),
        minimum_track_record(moments, confidence=gate.confidence),
        overfitting(R, gate.blocks).probability if len(shown) > 1 and cut else None,
        conditions,
    )


def _variance_by_luck(sr: Vector, error: float) -> float:
    """The spread of the trials' ratios, and no more than chance alone gives each of them: skill among the trials, which spreads
    them too, does not raise the bar for itself.
    """
    return min(float(np.var(sr, ddof=1)), error**2) if len(sr) > 1 else error**2


def _conditions(gate: Gate, luck: float, tried: int, periods: int, lost: float | None) -> tuple[Condition, ...]:
    among = "it is the only one tried" if tried == 1 else f"{tried} were tried"
    most = 1.0 - gate.confidence
    out = [
        Condition(
            "history",
            float(periods),
            float(gate.least_periods),
            periods >= gate.least_periods,
            f"{periods} returns out of sample; at least {gate.least_periods} are asked",
        ),
        Condition(
            "luck",
            luck,
            most,
            luck <= most,
            f"the probability that luck alone shows as high a Sharpe ratio is {luck:.3f}, as {among}; "
            f"at most {most:.3g} is allowed",
        ),
    ]
    if lost is not None:
        out.append(
            Condition(
                "lost_halves",
                lost,
                gate.most_loss,
                lost <= gate.most_loss,
                f"it lost in {lost:.1%} of the halves of its history; at most {gate.most_loss:.1%} are allowed",
            )
        )
    return tuple(out)

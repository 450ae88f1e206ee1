"""What an answer shows of itself in a notebook: weights, trades, findings, each with a drawing or a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.certificate import Certificate
from portopt.domain.run import RunRecord
from portopt.questions.weights import CertifiedWeights

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Certified weights. `weights` by asset id, fractions; annual figures; `certificate` is the audit's."""

    answer: CertifiedWeights

    @property
    def weights(self) -> dict[str, float]:
        ids = self.answer.problem.universe.ids
        return dict(zip(ids, self.answer.validated.weights.tolist(), strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not read, and what had no effect."""
        return (*self.answer.request.notes, *self.answer.problem.notes)

    @property
    def certificate(self) -> Certificate:
        return self.answer.validated.certificate

    @property
    def expected_return(self) -> float:
        return float(self.answer.problem.moments.mu @ self.answer.validated.weights)

    @property
    def volatility(self) -> float:
        return self.answer.problem.moments.covariance.volatility(self.answer.validated.weights)

    @property
    def sharpe_ratio(self) -> float | None:
        excess = self.expected_return - self.answer.problem.risk_free_rate
        return excess / self.volatility if self.volatility > 0 else None

    def __repr__(self) -> str:
        held = {asset: round(w, 4) for asset, w in self.weights.items() if w != 0}
        gap = self.certificate.relative_gap
        return (
            f"Allocation(return {self.expected_return:.2%}, volatility {self.volatility:.2%}, "
            f"{self.certificate.verdict}, gap {gap:.1e}, {held})"
        )

    def _repr_html_(self) -> str:
        from portopt.reports.allocation import allocation_summary

        figures = {"Expected return": self.expected_return, "Volatility": self.volatility}
        return allocation_summary(self.weights, figures, self.sharpe_ratio, self.certificate)


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A stored rebalance: `trades` and `positions` as Polars frames, every number under `document`.

    report: the offline HTML report, None where it could not be written.
    """

    record: RunRecord
    report: Path | None = None

    @property
    def document(self) -> Mapping[str, Any]:
        return self.record.document or {}

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def trades(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["trades"])

    @property
    def positions(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["proposal"])

    def __repr__(self) -> str:
        return f"Proposal({self.run_id}, {' '.join(self.document['verdict']['sentences'])})"

    def _repr_html_(self) -> str:
        from portopt.reports.notebook import html_summary

        return html_summary(dict(self.document))


class Findings(dict[str, Any]):
    """What a question found, as plain data, with a drawing of it where there is one."""

    def __init__(self, document: Mapping[str, Any], draw: Callable[[Mapping[str, Any]], str] | None = None) -> None:
        super().__init__(document)
        self._draw = draw

    def _repr_svg_(self) -> str | None:
        return None if self._draw is None else self._draw(self)

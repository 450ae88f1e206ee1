"""The risk of one portfolio: by every measure, and one measure taken apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RiskFigure:
    """One measure of one portfolio. name: with confidence and horizon. value: a fraction, losses positive.

    confidence, horizon (periods): None where the measure has none.
    """

    kind: str
    name: str
    value: float
    confidence: float | None
    horizon: int | None


@dataclass(frozen=True, slots=True)
class RiskPart:
    """One source of risk. of: "asset", "sector" or "factor".

    exposure: weight of the asset or sector, exposure of the portfolio to the factor; None for what is specific.
    marginal: how fast the measure grows with the exposure; None for a sector and for what is specific.
    component: what the source contributes, in the measure's unit. share: as a fraction of the whole.
    """

    name: str
    of: str
    exposure: float | None
    marginal: float | None
    component: float
    share: float


@dataclass(frozen=True, slots=True)
class RiskDecomposition:
    """measure: in words, with confidence and horizon. total: its value. Parts of one `of` add up to the total."""

    measure: str
    total: float
    parts: tuple[RiskPart, ...]

    def of(self, kind: str) -> tuple[RiskPart, ...]:
        """The parts by "asset", "sector" or "factor"; () where there are no factors."""
        return tuple(part for part in self.parts if part.of == kind)

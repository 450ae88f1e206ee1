"""Portfolios from a tree of similar assets: HRP, HERC, NCO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.catalog import parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.checks import mapping, number, options
from portopt.terms.shared.nearest import UNITS, checked_way, distance, express_nearest, one_of

EXAMPLE = '{"kind": "hierarchical", "variant": "herc", "linkage": "ward", "measure": "cvar"}'
VARIANTS = {"hrp": "hierarchical risk parity", "herc": "hierarchical equal risk", "nco": "nested clustered optimization"}
LINKAGES = ("single", "complete", "average", "ward")
USUAL_LINKAGE = {"hrp": "single", "herc": "ward", "nco": "ward"}
DISTANCES = (
    "correlation",
    "absolute_correlation",
    "squared_correlation",
    "spearman",
    "absolute_spearman",
    "kendall",
    "absolute_kendall",
    "distances",
)
LEAF_ORDERS = ("linkage", "optimal")
CHOICES = ("gap", "gap_mean", "gap_std")
VARIANCE = "variance"


@dataclass(frozen=True, slots=True)
class Hierarchical(Objective):
    """minimize  1/2 ||w - h||^2,   h the portfolio that the tree makes (`Problem.target`)

    variant: "hrp" halves the ordered assets again and again, each half weighted by the inverse of its risk; "herc" does so
    down the tree to its clusters and weights by inverse risk inside them; "nco" optimizes inside each cluster, then over
    the clusters.
    linkage: of the tree; None is single for hrp and ward for the others. distance: between assets, by name, see
    construction/distances.py. leaf_order: as the linkage left it, or the one that puts nearest leaves beside each other.
    measure, confidence, horizon: of hrp and herc: "variance", or any risk measure by name.
    clusters: how many, of herc and nco; None is chosen by the second difference of the gap statistic: cluster_choice
    "gap" is the statistic's own dispersion, "gap_mean" skfolio's, "gap_std" Riskfolio's (construction/tree.py); max_clusters
    bounds it.
    inner, outer: objectives of nco, {"kind": "min_risk"} by default.
    nearest: how limits are kept: "weights" for the nearest weights, "risk" for the least tracking error to h.
    Source: Lopez de Prado (2016); Raffinot (2018); Lopez de Prado (2019).
    """

    variant: str = "hrp"
    linkage: str | None = None
    distance: str = "correlation"
    leaf_order: str = "linkage"
    measure: str = VARIANCE
    confidence: float | None = None
    horizon: int | None = None
    clusters: int | None = None
    cluster_choice: str = "gap"
    max_clusters: int | None = None
    inner: Mapping[str, Any] | None = None
    outer: Mapping[str, Any] | None = None
    nearest: str = "weights"

    kind: ClassVar[str] = "hierarchical"
    construction: ClassVar[str] = "hierarchy"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        one_of("variant", self.variant, tuple(VARIANTS))
        if self.linkage is not None:
            one_of("linkage", self.linkage, LINKAGES)
        one_of("distance", self.distance, DISTANCES)
        one_of("leaf_order", self.leaf_order, LEAF_ORDERS)
        one_of("cluster_choice", self.cluster_choice, CHOICES)
        checked_way(self.nearest)
        self.risk_measure()
        for name in ("clusters", "max_clusters"):
            _whole(name, getattr(self, name))
        for name in ("inner", "outer"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, dict(mapping(f"objective.{name}", given, example='{"kind": "min_risk"}')))
        self._refuse_what_the_variant_does_not_read()

    @property
    def reads_scenarios(self) -> bool:
        measure = self.risk_measure()
        ranked = self.distance not in ("correlation", "absolute_correlation", "squared_correlation", "distances")
        return ranked or (measure is not None and measure.scenario_based) or self.variant == "nco"

    @property
    def reads_factors(self) -> bool:
        """As the objectives inner and outer may."""
        return self.variant == "nco"

    @property
    def unit(self) -> str:
        return UNITS[self.nearest]

    @property
    def tree_linkage(self) -> str:
        return USUAL_LINKAGE[self.variant] if self.linkage is None else self.linkage

    def risk_measure(self) -> RiskMeasure | None:
        """The measure by name; None is the variance."""
        if self.measure == VARIANCE:
            return None
        return parse_measure("objective", self.measure, {"confidence": self.confidence, "horizon": self.horizon})

    def express(self, program: Program, p: Problem) -> None:
        express_nearest(program, p, self.nearest)

    def value(self, w: Vector, p: Problem) -> float:
        return distance(w, p, self.nearest)

    def describe(self) -> str:
        tree = f"{self.tree_linkage} linkage of {self.distance.replace('_', ' ')} distances"
        return f"{VARIANTS[self.variant]} ({self.variant.upper()}), {tree}"

    def _refuse_what_the_variant_does_not_read(self) -> None:
        unread = {
            "hrp": ("clusters", "max_clusters", "inner", "outer"),
            "herc": ("inner", "outer"),
            "nco": ("confidence", "horizon"),
        }[self.variant]
        for name in unread:
            if getattr(self, name) is not None:
                raise InvalidValue(
                    f"objective.{name}", getattr(self, name), f"says nothing to {self.variant}", fix="leave it out"
                )
        if self.variant == "nco" and self.measure != VARIANCE:
            why = "nco takes its risk from the objectives inner and outer"
            raise InvalidValue("objective.measure", self.measure, why, fix='write inner: {"kind": "min_risk", "measure": …}')

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Hierarchical:
        given = options("objective", spec, [f.name for f in fields(cls)], example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})


def _whole(name: str, value: Any) -> None:
    if value is not None and (
        isinstance(value, bool) or number(f"objective.{name}", value, low=1.0, example="4", counts="plain") % 1 != 0
    ):
        raise InvalidValue(f"objective.{name}", value, "a whole number is needed", fix=f"write {name} as 4")

"""Scores of the assets as the terms count them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.domain.universe import NO_GROUP, Asset, is_blank
from portopt.terms.shared.checks import EVERY, listed, options, required

CLASSES = '["Bond", "Money Market"]'


def esg_scores(p: Problem) -> Vector:
    """(n,) scores, NaN for cash and for what nobody scored. Raises MissingInput where nothing is scored."""
    scores = p.universe.scores("esg_score")
    scores[p.universe.is_cash] = np.nan
    if np.isnan(scores).all():
        raise MissingInput(
            "no asset has an ESG score",
            field="universe.esg_score",
            measured={"assets": p.n, "with_esg_score": 0},
            fixes=["add a column esg_score to the holdings or universe file", "leave ESG out of the objective and the limits"],
        )
    return scores


def neutral_scores(p: Problem) -> Vector:
    """(n,) scores; cash and what nobody scored count as the mean of the scored assets: neither a merit nor a fault."""
    scores = esg_scores(p)
    return np.where(np.isnan(scores), float(np.nanmean(scores)), scores)


def worst_scores(p: Problem) -> Vector:
    """(n,) scores; what nobody scored counts as zero, or as the lowest score where that is less. NaN for cash."""
    scores = esg_scores(p)
    worst = min(0.0, float(np.nanmin(scores)))
    return np.where(np.isnan(scores) & ~p.universe.is_cash, worst, scores)


def barred_by(
    p: Problem,
    attribute: Literal["quality_score", "esg_score"],
    score: float,
    grandfather: bool,
    exempt_classes: tuple[str, ...] = (),
) -> tuple[Indices, Vector]:
    """Positions of the assets but cash that do not reach `score`, and the most each may weigh.

    A missing score is not a pass. grandfather: the most is the present weight, else nothing. exempt_classes: see is_exempt.
    Both are (k,), one entry for each barred asset.
    """
    passes = p.universe.scores(attribute) >= score  # NaN compares false
    if exempt_classes:
        passes |= np.array([is_exempt(asset, exempt_classes) for asset in p.universe.assets])
    barred = np.flatnonzero(~passes & ~p.universe.is_cash)
    most = np.maximum(p.previous()[barred], 0.0) if grandfather else np.zeros(len(barred))
    return barred, most


def write_barred(program: Program, p: Problem, barred: tuple[Indices, Vector], limit: str) -> None:
    """w_i <= most_i for every barred asset; its bounds do not move by themselves, because a score opens asset by asset.

    barred: positions and most, (k,) each.
    """
    at, most = barred
    if len(at):
        program.add_bounds(at, -INF, most, limit=limit, members=[p.universe.ids[i] for i in at], relax=0.0)


def read_barred(w: Vector, p: Problem, barred: tuple[Indices, Vector], limit: str) -> Readings:
    """The same bounds, read off w (n,)."""
    at, most = barred
    return Readings(limit, tuple(p.universe.ids[i] for i in at), w[at], np.full(len(at), -np.inf), most)


def score_steps(
    p: Problem, attribute: Literal["quality_score", "esg_score"], floor: float, exempt_classes: tuple[str, ...] = ()
) -> tuple[float, ...]:
    """How far a floor must fall for each next asset to pass, smallest first."""
    scores = p.universe.scores(attribute)
    scores = scores[[not is_exempt(asset, exempt_classes) for asset in p.universe.assets]]
    # Rounded up where the difference is not exact: an asset that scores the floor must pass.
    short = {float(np.nextafter(floor - s, np.inf)) if floor - (floor - s) > s else floor - s for s in scores[scores < floor]}
    return tuple(sorted(float(step) for step in short))


def of_the_barred(kind: str, grandfather: bool) -> str:
    """ "min_quality does not let them be held" """
    return f"{kind} lets them be kept and not increased" if grandfather else f"{kind} does not let them be held"


def floor_of(field: str, value: Any, example: str) -> tuple[Any, Any, Any]:
    """(score, grandfather, exempt_classes) of 6.0 or {"score": 6.0, "grandfather": true, "exempt_classes": ["Bond"]}.

    Raises UnknownField or MissingInput.
    """
    known = ("score", "grandfather", "exempt_classes")
    given = options(field, value if isinstance(value, Mapping) else {"score": value}, known, example=example)
    grandfather, classes = given.get("grandfather"), given.get("exempt_classes")
    score = required(field, given, "score", example=example)
    return score, False if grandfather is None else grandfather, () if classes is None else classes


def is_exempt(asset: Asset, exempt_classes: tuple[str, ...]) -> bool:
    """Whether the asset's class is among those that a floor on scores says it does not speak of; case does not count.

    An asset without a class is of no exempt class.
    """
    if not exempt_classes or is_blank(asset.asset_class):
        return False
    return _folded(asset.asset_class or "") in {_folded(name) for name in exempt_classes}


def class_names(field: str, value: Any) -> tuple[str, ...]:
    """The asset classes that a floor exempts, as written, each once. Raises InvalidValue.

    Every class, or what has none, cannot be exempted: that would be a floor that is none without saying so.
    """
    fix = f"write {field}: {CLASSES}"
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise InvalidValue(field, value, "a list of asset classes is needed", fix=fix)
    names = list(value)
    for name in names:
        if not isinstance(name, str) or is_blank(name):
            raise InvalidValue(field, names, f"asset classes are texts, {name!r} is not one", fix=fix)
        if name.strip() in (EVERY, NO_GROUP):
            said = f"{name!r} would let everything pass that has no score" if name.strip() == EVERY else "no class is no class"
            raise InvalidValue(field, names, said, fix=f"name the classes that have no such score: {CLASSES}")
    spelled = [" ".join(name.split()) for name in names]
    return tuple(name for i, name in enumerate(spelled) if name.casefold() not in {n.casefold() for n in spelled[:i]})


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def of_the_exempt(kind: str, exempt_classes: tuple[str, ...]) -> str:
    """ "exempt from min_quality by their asset class (Bond, Money Market)" """
    return f"exempt from {kind} by asset class ({listed(exempt_classes)})" if exempt_classes else ""


def and_exempt(exempt_classes: tuple[str, ...]) -> str:
    """The end of the sentence that describes a floor: what it does not speak of."""
    return f"; exempt by class: {listed(exempt_classes, 2)}" if exempt_classes else ""

"""What may be wanted, forbidden and charged, by name: every objective, limit, cost and risk measure there is."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import json
from collections.abc import Iterable
from typing import Any

from portopt.domain.catalog_line import CATALOGS, CatalogLine
from portopt.domain.errors import UnknownThing
from portopt.domain.problem import TermEntry
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES
from portopt.terms.limit_spellings import OTHER_NAMES
from portopt.terms.pages import page_of
from portopt.terms.risk_measures.catalog import RISK_MEASURES, MeasureEntry
from portopt.terms.spellings import ALIASES

UNITS = {
    "fraction": "fraction of portfolio value (0.1 or \"10 %\")",
    "volatility": "annual volatility, a fraction",
    "tracking_error": "annual tracking error, a fraction",
    "return": "annual return, a fraction",
    "ratio": "ratio",
    "half variance": "half the annual variance",
    "squared distance": "half the squared distance of weights",
    "score": "score, on the scale of the assets",
    "exposure": "the exposure's own unit",
    "days": "days of trading",
    "count": "a count",
}  # fmt: skip
COST_UNITS = {
    "commission": "money a trade, and basis points of its value",
    "linear_impact": "basis points of the value traded",
    "square_root_impact": "times the volatility of a day, at a day's volume",
    "quadratic_impact": "times the volatility of a day, at a day's volume",
    "spread": "basis points of the value traded, half the spread",
    "borrow": "annual rate on short positions",
}
TERMS = {"objectives": OBJECTIVES, "limits": LIMITS, "costs": COSTS}


def catalog(name: str) -> tuple[CatalogLine, ...]:
    """Every line of one catalog, in its own order. Raises UnknownThing for a catalog there is not."""
    if name not in CATALOGS:
        raise _unknown("catalog", name, CATALOGS)
    if name == "measures":
        return tuple(_of_measure(entry) for entry in RISK_MEASURES.values())
    return tuple(_of_term(name, entry) for entry in TERMS[name].values())


def catalog_line(name: str, term: str) -> CatalogLine:
    """One line, by the term's name or any that people have for it. Raises UnknownThing with the nearest name."""
    lines = {line.name: line for line in catalog(name)}
    meant = next((line.name for line in lines.values() if term in (line.name, *line.also)), term)
    if meant not in lines:
        raise _unknown(name.removesuffix("s"), term, lines)
    return lines[meant]


def _unknown(what: str, name: str, known: Iterable[str]) -> UnknownThing:
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return UnknownThing(what, name, fixes=[f"did you mean {near[0]}?" if near else f"use one of: {', '.join(names)}"])


def _of_term(catalog_name: str, entry: TermEntry) -> CatalogLine:
    term = entry.parse(entry.example)
    kind = entry.kind
    also = _other_names(catalog_name, kind)
    unit = COST_UNITS.get(kind, "") if catalog_name == "costs" else UNITS.get(term.unit, term.unit)
    unit = "" if isinstance(entry.example, bool) else unit  # a flag counts nothing
    return CatalogLine(
        catalog_name, kind, entry.summary, unit, _example(catalog_name, entry), term.describe(), _options(term), also,
        _formula(type(term)), page_of(catalog_name, kind),
    )  # fmt: skip


def _other_names(catalog_name: str, kind: str) -> tuple[str, ...]:
    if catalog_name == "limits":
        return OTHER_NAMES.get(kind, ())
    return tuple(a for a, meant in ALIASES.items() if meant["kind"] == kind) if catalog_name == "objectives" else ()


def _example(catalog_name: str, entry: TermEntry) -> str:
    if catalog_name == "objectives":
        return json.dumps({"objective": {"kind": entry.kind, **(entry.example or {})}}, ensure_ascii=False)
    return json.dumps({catalog_name: {entry.kind: entry.example}}, ensure_ascii=False)


def _options(term: Any) -> tuple[str, ...]:
    """The fields that a request may say; what opens a limit in a diagnosis is for the diagnosis alone."""
    return tuple(f.name for f in dataclasses.fields(term) if f.name not in ("opened", "slack"))


def _of_measure(entry: MeasureEntry) -> CatalogLine:
    measure = entry.make()
    unit = "a fraction of portfolio value, over the horizon" if measure.scenario_based else "annual, a fraction"
    example = json.dumps({"objective": {"kind": "min_risk", "measure": entry.kind}})
    return CatalogLine(
        "measures", entry.kind, entry.summary, unit, example, measure.describe(), tuple(entry.options), (),
        _formula(type(measure)), page_of("measures", entry.kind),
    )  # fmt: skip


def _formula(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "")

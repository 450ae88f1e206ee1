"""A model portfolio as a desk gives it, and what funds are made of, as the words of a request.

    {"weights": {"VTI": 0.6, "BND": {"target": 0.35, "band": "10%"}, "CASH": 0.05}, "band": "5/25", "to": "edge"}
    {"VT": {"asset_class": {"Equity": 1.0}, "sector": {"Technology": 0.25}}}

The model's targets and bands are limits.model_bands, the way back is the objective. A composition goes with the asset.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from portopt.domain.composition import checked_composition
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import CASH, Asset, Universe

OF_THE_WAY = ("to",)
BESIDE = ("name", "description")
OF_THE_BANDS = ("weights", "sector", "asset_class", "band", "others")
EXAMPLE = '{"weights": {"AAPL": 0.6, "CASH": 0.4}, "band": "5/25", "to": "edge"}'


def model_words(model: Any, field: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(limits, objective) of a model. Raises InvalidValue and UnknownField; the catalog says what its values are."""
    if not isinstance(model, Mapping):
        raise InvalidValue(field, str(model), "is no model portfolio", fix=f"write {EXAMPLE}")
    for name in model:
        known = (*OF_THE_BANDS, *OF_THE_WAY, *BESIDE)
        if name not in known:
            raise UnknownField(str(name), known, path=field, value=model[name])
    bands = {name: model[name] for name in OF_THE_BANDS if name in model}
    return {"model_bands": bands}, {"kind": "model", **{name: model[name] for name in OF_THE_WAY if name in model}}


def seen_through(request: RebalanceRequest, composition: Mapping[str, Any], field: str) -> RebalanceRequest:
    """The request with what funds are made of, by fund; what was said of a fund before is replaced.

    Raises InvalidValue for a fund that is neither held nor a candidate nor in the benchmark, and for shares that cannot be.
    """
    known = {asset.id: asset for asset in request.universe.assets}
    here = {*known, *request.holdings.shares, *(request.benchmark or {})}
    told = {str(fund): checked_composition(str(fund), parts) for fund, parts in composition.items()}
    strangers = sorted(set(told) - here)
    if strangers:
        why = "is neither held, nor a candidate, nor in the benchmark"
        raise InvalidValue(f"{field}.{strangers[0]}", strangers, why, fix=f"take {strangers[0]} out, or correct its name")
    assets = [dataclasses.replace(a, composition=told.get(a.id, a.composition)) for a in request.universe.assets]
    # What is held and not described may be kept and sold as before; only what it is made of is added.
    assets += [Asset(fund, composition=parts) for fund, parts in told.items() if fund not in known]
    ordered = sorted(assets, key=lambda asset: asset.id == CASH)
    return dataclasses.replace(request, universe=Universe(tuple(ordered)))

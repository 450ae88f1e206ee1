"""Requests as data and back, exactly: what a stored run needs to be worked out again.

Money and shares are decimal texts, dates ISO, missing numbers null. Unknown names are refused here too: a stored
request that this version cannot read whole must not be replayed in part.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from portopt.dialects.actions import read_actions
from portopt.dialects.exact import read_date, read_decimal, read_money
from portopt.dialects.lots import read_tax
from portopt.dialects.policies import policy_from_data
from portopt.dialects.reading import flag, list_of, mapping_of, number, numbers, object_of, required, shown, square, text
from portopt.dialects.records import MAX_TEXT, RANGES, json_object, record
from portopt.domain.arrays import Matrix
from portopt.domain.canonical import plain, plain_fields
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import DataError, RequestError
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.holdings import Holdings
from portopt.domain.request import EstimationChoice, OptimizationRequest, RebalanceRequest
from portopt.domain.universe import Asset, Universe

MAX_ASSETS = 20_000
MAX_WORD = 20  # what S2's columns hold of a word of its own
LATER_ASKED = ("cash_flow", "no_worse", "confirmed_shares", "actions")
REBALANCE = (
    "holdings",
    "policy",
    "universe",
    "benchmark",
    "as_of",
    "target_type",
    "provider",
    "factor_returns",
    "notes",
    *LATER_ASKED,
)
HOLDINGS = ("portfolio_id", "shares", "cash", "currency", "stated_prices", "accounts", "tax", "as_of", "splits")
OPTIMIZATION = (
    *("portfolio_id", "universe", "objective", "limits", "costs", "risk_free_rate", "estimation", "expected_returns"),
    *("covariance", "returns", "current_weights", "benchmark_weights", "relax_order"),
    *("portfolio_value", "average_daily_value", "prices", "factor_returns"),
)


def rebalance_request_to_data(request: RebalanceRequest) -> dict[str, Any]:
    """The whole request as JSON holds it; `rebalance_request_from_data` gives it back equal, identity and all."""
    data = plain_fields(request, universe=request.universe.plain())
    return {**data, **({"notes": list(request.notes)} if request.notes else {})}


def rebalance_request_from_data(data: Mapping[str, Any]) -> RebalanceRequest:
    """Raises UnknownField, InvalidValue or MissingInput for anything that is not such a request."""
    doc = object_of(data, "", REBALANCE)
    benchmark = doc.get("benchmark")
    as_of = doc.get("as_of")
    return RebalanceRequest(
        holdings=_holdings(required(doc, "holdings")),
        policy=policy_from_data(required(doc, "policy"), path="policy"),
        universe=read_universe(required(doc, "universe")),
        benchmark=None if benchmark is None else _weights(benchmark, "benchmark"),
        as_of=None if as_of is None else read_date(as_of, "as_of"),
        target_type=text(doc.get("target_type", "optimal"), "target_type", most=MAX_WORD),
        provider=text(doc.get("provider", "sample"), "provider", most=MAX_TEXT),
        factor_returns=_factor_returns(doc.get("factor_returns")),
        cash_flow=read_cash_flow(doc.get("cash_flow")),
        no_worse=flag(doc.get("no_worse", False), "no_worse"),
        confirmed_shares=read_confirmed(doc.get("confirmed_shares", [])),
        actions=read_actions(doc.get("actions", [])),
        notes=_sentences(doc.get("notes", []), "notes"),
    )


def read_cash_flow(value: Any, field: str = "cash_flow") -> CashFlow | None:
    """{"amount": "-30000.00", "by": "2026-12-31", "rebalance": true}: below zero money leaves. None for None."""
    if value is None:
        return None
    doc = object_of(value, field, ("amount", "by", "rebalance"))
    by, also = doc.get("by"), doc.get("rebalance")
    return CashFlow(
        amount=read_money(required(doc, "amount", field), f"{field}.amount"),
        by=None if by is None else read_date(by, f"{field}.by"),
        rebalance=also is not None and flag(also, f"{field}.rebalance"),
    )


def read_confirmed(value: Any, field: str = "confirmed_shares") -> tuple[str, ...]:
    """The assets of which shares are confirmed, sorted, each once."""
    named = (text(item, f"{field}[{i}]") for i, item in enumerate(list_of(value, field, most=MAX_ASSETS)))
    return tuple(sorted(set(named)))


def read_splits(value: Any, field: str = "splits") -> dict[str, str]:
    """Ratios by asset as they are written: {"AAPL": "4:1"}."""
    return {asset: text(ratio, f"{field}.{asset}", most=MAX_WORD) for asset, ratio in mapping_of(value, field).items()}


def optimization_request_to_data(request: OptimizationRequest) -> dict[str, Any]:
    """The whole request as JSON holds it; missing returns (NaN) are null."""
    return dict(plain(request))


def optimization_request_from_data(data: Mapping[str, Any]) -> OptimizationRequest:
    """Raises UnknownField, InvalidValue or MissingInput for anything that is not such a request."""
    doc = object_of(data, "", OPTIMIZATION)
    universe = read_universe(required(doc, "universe"))
    n = len(universe)
    mu, Sigma, returns = (doc.get(name) for name in ("expected_returns", "covariance", "returns"))
    low, high = RANGES["risk_free_rate"]
    value = doc.get("portfolio_value")
    return OptimizationRequest(
        portfolio_id=text(required(doc, "portfolio_id"), "portfolio_id"),
        universe=universe,
        objective=json_object(required(doc, "objective"), "objective"),
        limits=json_object(required(doc, "limits"), "limits"),
        costs=json_object(doc.get("costs", {}), "costs"),
        risk_free_rate=number(doc.get("risk_free_rate", 0.0), "risk_free_rate", low=low, high=high, fraction=True),
        estimation=record(EstimationChoice, doc.get("estimation", {}), "estimation"),
        expected_returns=None if mu is None else numbers(mu, "expected_returns", low=-1e3, high=1e3, size=n, most=n, gaps=True),
        covariance=None if Sigma is None else square(Sigma, "covariance", n, low=-1e4, high=1e4),
        returns=None if returns is None else _table(returns, n),
        current_weights=_optional_weights(doc, "current_weights"),
        benchmark_weights=_optional_weights(doc, "benchmark_weights"),
        relax_order=_texts(doc.get("relax_order", []), "relax_order"),
        portfolio_value=None if value is None else number(value, "portfolio_value", low=0.0, high=1e15),
        average_daily_value=_optional_weights(doc, "average_daily_value", most=1e15),
        prices=_optional_weights(doc, "prices", most=1e15),
        factor_returns=_factor_returns(doc.get("factor_returns")),
    )


def _factor_returns(value: Any) -> FactorReturns | None:
    if value is None:
        return None
    where = "factor_returns"
    doc = object_of(value, where, ("names", "values", "dates", "risk_free", "excess", "source", "notes"))
    names = _texts(required(doc, "names", where), f"{where}.names")
    rows = list_of(required(doc, "values", where), f"{where}.values", least=1, most=10**6)
    k, dates, rates = len(names), doc.get("dates"), doc.get("risk_free")
    days = None if dates is None else [read_date(d, f"{where}.dates[{i}]") for i, d in enumerate(dates)]
    low, high = -1.0, 1e6
    return FactorReturns(
        names=names,
        values=np.array(
            [numbers(row, f"{where}.values[{i}]", low=low, high=high, size=k, most=k) for i, row in enumerate(rows)]
        ),
        dates=None if days is None else np.array(days, dtype="datetime64[D]"),
        risk_free=None if rates is None else numbers(rates, f"{where}.risk_free", low=low, high=high, most=10**6),
        excess=flag(doc.get("excess", False), f"{where}.excess"),
        source=text(doc.get("source", "given"), f"{where}.source", most=MAX_TEXT),
        notes=_sentences(doc.get("notes", []), f"{where}.notes"),
    )


_READ: dict[bytes, Universe] = {}  # the last few, by what they were read from: the portfolios of a night share theirs
FEW = 4


def read_universe(value: Any, field: str = "universe") -> Universe:
    """A Universe from `{"assets": [{"id": …}, …]}`; the same content again is the same value."""
    try:
        content = marshal.dumps(value, 2)  # every letter and every bit of every number, in a fraction of the time of reading
    except ValueError:
        return _universe(value, field)
    found = _READ.get(content)
    if found is None:
        found = _universe(value, field)
        while len(_READ) >= FEW:
            _READ.pop(next(iter(_READ)), None)
        _READ[content] = found
    return found


def _universe(value: Any, field: str) -> Universe:
    doc = object_of(value, field, ("assets",))
    items = list_of(required(doc, "assets", field), f"{field}.assets", least=1, most=MAX_ASSETS)
    assets = tuple(record(Asset, item, f"{field}.assets[{i}]") for i, item in enumerate(items))
    for i, asset in enumerate(assets):
        text(asset.id, f"{field}.assets[{i}].id")
    try:
        return Universe(assets)
    except DataError as error:  # an asset twice: here the request is at fault, not the data
        raise RequestError(error.detail, field=f"{field}.assets", value=shown(error.value)) from None


def _holdings(value: Any) -> Holdings:
    doc = object_of(value, "holdings", HOLDINGS)
    stated = mapping_of(doc.get("stated_prices", {}), "holdings.stated_prices")
    shares = mapping_of(doc.get("shares", {}), "holdings.shares")
    return Holdings(
        portfolio_id=text(required(doc, "portfolio_id", "holdings"), "holdings.portfolio_id"),
        shares={asset_id: read_decimal(n, f"holdings.shares.{asset_id}") for asset_id, n in shares.items()},
        cash=read_decimal(doc.get("cash", "0"), "holdings.cash"),
        currency=text(doc.get("currency", "USD"), "holdings.currency", most=10),
        stated_prices={asset_id: read_decimal(n, f"holdings.stated_prices.{asset_id}") for asset_id, n in stated.items()},
        accounts=_accounts(doc.get("accounts", {})),
        tax=read_tax(doc.get("tax")),
        as_of=None if doc.get("as_of") is None else read_date(doc["as_of"], "holdings.as_of"),
        splits=read_splits(doc.get("splits", {}), "holdings.splits"),
    )


def _accounts(value: Any) -> dict[str, dict[str, Decimal]]:
    field = "holdings.accounts"
    given = {name: mapping_of(there, f"{field}.{name}") for name, there in mapping_of(value, field).items()}
    return {
        name: {asset_id: read_decimal(n, f"{field}.{name}.{asset_id}") for asset_id, n in there.items()}
        for name, there in given.items()
    }


def _weights(value: Any, field: str, most: float = 1e3) -> dict[str, float]:
    given = mapping_of(value, field).items()
    return {name: number(item, f"{field}.{name}", low=-most, high=most, fraction=True) for name, item in given}


def _optional_weights(doc: Mapping[str, Any], name: str, most: float = 1e3) -> dict[str, float] | None:
    return None if doc.get(name) is None else _weights(doc[name], name, most)


def _sentences(value: Any, field: str) -> tuple[str, ...]:
    return tuple(text(n, f"{field}[{i}]", most=MAX_TEXT) for i, n in enumerate(value))


def _texts(value: Any, field: str) -> tuple[str, ...]:
    return tuple(text(item, f"{field}[{i}]") for i, item in enumerate(list_of(value, field, most=100)))


def _table(value: Any, n: int) -> Matrix:

    rows = list_of(value, "returns", least=1, most=10**6)
    return np.array(
        [numbers(row, f"returns[{i}]", low=-1.0, high=1e6, size=n, most=n, gaps=True) for i, row in enumerate(rows)]
    )

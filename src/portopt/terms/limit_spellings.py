"""Names that people type for limits, from other libraries, mandates and forms, as names of the catalog. Written out, as the
objectives' are (spellings.py): every door reads this table.

An alias means one limit with the same value. What would leave a choice open, or is another number, is told how to be written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.terms.spellings import key_of

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "max_weight": (
        *("weight_cap", "weight_limit", "max_weights", "max_asset_weight", "max_allocation", "upper_bound"),
        *("position_cap", "position_limit", "max_position", "max_position_size", "max_position_weight", "max_single_position"),
        *("single_name_cap", "single_name_limit", "issuer_limit"),
    ),
    "min_weight": ("weight_floor", "min_weights", "min_asset_weight", "min_allocation", "lower_bound"),
    "sector_limits": (
        *("sector_cap", "sector_caps", "sector_limit", "sector_bounds", "sector_constraints"),
        *("max_sector", "max_sector_weight", "max_sector_exposure"),
    ),
    "asset_class_limits": (
        *("asset_class_cap", "asset_class_caps", "asset_class_limit", "asset_class_bounds", "class_cap", "class_caps"),
        *("class_limit", "class_limits", "max_asset_class", "max_asset_class_weight", "max_asset_class_exposure"),
    ),
    "max_turnover": ("turnover", "turnover_limit", "turnover_cap", "turnover_constraint", "max_one_way_turnover"),
    "max_cost": ("cost_limit", "cost_cap", "max_costs", "max_trading_cost", "max_transaction_cost", "max_transaction_costs"),
    "max_trades": ("trades", "trade_limit", "max_orders", "max_trade_count", "max_number_of_trades"),
    "buy_only": ("buys_only", "no_sales", "no_sells", "no_selling"),
    "sell_only": ("sells_only", "no_purchases", "no_buys", "no_buying"),
    "keep": ("hold", "do_not_trade", "no_trade"),
    "exclusions": ("exclude", "excluded", "excluded_assets", "exclusion_list", "blacklist", "black_list"),
    "max_tracking_error": (
        "te",
        "te_limit",
        "max_te",
        "tracking_error",
        "tracking_error_limit",
        "active_risk",
        "max_active_risk",
    ),
    "max_volatility": (
        *("volatility", "volatility_limit", "volatility_cap", "max_vol", "vol_limit", "vol_cap"),
        *("target_volatility", "target_vol"),
    ),
    "min_return": ("return_floor", "min_expected_return", "target_return"),
    "exposure_limits": ("factor_limits", "factor_bounds", "factor_exposure_limits", "exposure_bounds"),
    "leverage_limit": ("leverage", "max_leverage", "gross_limit", "gross_leverage", "gross_exposure", "max_gross_exposure"),
    "long_only": ("no_short", "no_shorts", "no_shorting", "no_short_selling"),
    "fully_invested": ("no_cash",),
    "max_positions": ("names", "max_names", "max_assets", "max_holdings", "cardinality", "max_cardinality"),
    "min_positions": ("min_names", "min_assets", "min_holdings", "min_cardinality"),
    "min_position": ("min_position_size", "min_holding", "buy_in_threshold"),
    "concentration": ("hhi", "max_hhi", "herfindahl", "concentration_limit"),
    "min_quality": ("quality", "quality_floor", "min_quality_score"),
    "ucits_5_10_40": ("ucits", "5_10_40", "5/10/40"),
}
ALIASES: Mapping[str, str] = {key_of(alias): kind for kind, names in OTHER_NAMES.items() for alias in names}

_CASH_FLOOR = ("is the least cash", 'write cash: {"min": 0.02}')
_CASH_CAP = ("is the most cash", 'write cash: {"max": 0.02}')
_CVAR = ("leaves open how far in the tail", 'write max_risk: {"cvar": {"limit": 0.02, "confidence": 0.95}}')
_SHORTS = ("leaves open how much may be sold short", "write long_only: false and leverage_limit: 1.5, or min_weight: -0.1")
_VOLUME = ("is a share of the volume, and leaves open over how many days", 'write liquidity: {"participation": 0.1, "days": 1}')
_BETA = ("is an exposure, which has a floor and a cap", 'write exposure_limits: {"beta": [0.8, 1.2]}')
_ESG = ("is the portfolio's average to some and each position's to others", "write min_esg: 6.0, or esg_exclusion: 4.0")
_BOUNDS = (
    "is a floor and a cap",
    "write min_weight: 0.0 and max_weight: 0.2; in a notebook bounds=(0, 0.2) is said beside limits",
)
_ORDER = (
    "is an amount of money, and no limit on weights",
    'write min_trade: 0.01, a fraction of the portfolio; or in the policy trading: {"min_trade_value": 500}',
)
_LOT = ("is how orders are rounded", 'write round_lots: {"lot": 100}; or in the policy trading: {"lot_size": 100}')
_RESTRICTED = ("leaves open whether it may be held", 'write do_not_buy: ["XOM"], or exclusions: ["XOM"]')

# What leaves a choice open, or is counted otherwise: why, and how it is written.
TOLD: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("min_cash", "cash_floor", "cash_buffer", "cash_reserve"), _CASH_FLOOR),
    **dict.fromkeys(("max_cash", "cash_cap", "cash_limit"), _CASH_CAP),
    **dict.fromkeys(("cvar", "max_cvar", "cvar_limit", "expected_shortfall", "max_expected_shortfall"), _CVAR),
    **dict.fromkeys(("short", "shorts", "shorting", "short_selling", "allow_short", "allow_shorts"), _SHORTS),
    **dict.fromkeys(("adv", "adv_limit", "max_adv", "participation", "participation_rate", "max_participation"), _VOLUME),
    **dict.fromkeys(("beta", "max_beta", "beta_limit"), _BETA),
    **dict.fromkeys(("esg", "esg_floor", "esg_score", "min_esg_score"), _ESG),
    **dict.fromkeys(("bounds", "weight_bounds"), _BOUNDS),
    **dict.fromkeys(("min_trade_size", "min_trade_value", "min_order", "min_order_size"), _ORDER),
    **dict.fromkeys(("lot", "lots", "lot_size"), _LOT),
    **dict.fromkeys(("restricted", "restricted_list"), _RESTRICTED),
    "two_way_turnover": (
        "counts purchases and sales; turnover here is one-way, half of that",
        "write max_turnover: 0.1 for 0.2 of it",
    ),
    "drawdown": ("is a limit on a measure of scenarios", 'write max_risk: {"max_drawdown": 0.2}'),
    "max_drawdown": ("is a limit on a measure of scenarios", 'write max_risk: {"max_drawdown": 0.2}'),
    "risk_limit": ("leaves open which measure of risk", 'write max_volatility: 0.15, or max_risk: {"cvar": 0.02}'),
    "effective_positions": ("is one over the Herfindahl index", 'write concentration: {"effective_positions": 10}'),
    "effective_n": ("is one over the Herfindahl index", 'write concentration: {"effective_positions": 10}'),
}


def limit_name(name: str, known: Collection[str], path: str = "limits") -> str:
    """The catalog's name for a limit; what nobody knows stays as it is, for the catalog to refuse.

    Raises InvalidValue, with how it is written, for a name that leaves a choice open.
    """
    if name in known:
        return name
    key = key_of(name)
    if key in TOLD:
        why, fix = TOLD[key]
        raise InvalidValue(f"{path}.{name}", name, why, fix=fix)
    return ALIASES.get(key, key if key in known else name)


def limits_in_catalog_words(spec: Any, known: Collection[str], path: str = "limits") -> Any:
    """Limits under the catalog's names; what is no mapping stays for the catalog to refuse.

    Raises InvalidValue for a name that leaves a choice open, and for two names of one limit.
    """
    if not isinstance(spec, Mapping) or all(name in known for name in spec):
        return spec
    said: dict[str, str] = {}
    for name in spec:
        kind = limit_name(name, known, path) if isinstance(name, str) else name
        if kind in said:
            why = f"means the same as {path}.{said[kind]}"
            raise InvalidValue(f"{path}.{name}", spec[name], why, fix="give one of the two")
        said[kind] = name
    return {kind: spec[name] for kind, name in said.items()}


def path_in_catalog_words(path: str, known: Collection[str]) -> str:
    """ "limits.te.limit" as "limits.max_tracking_error.limit"; any other path as it is."""
    part, dot, rest = path.partition(".")
    name, more, inner = rest.partition(".")
    return f"{part}.{limit_name(name, known)}{more}{inner}" if part == "limits" and dot and name else path

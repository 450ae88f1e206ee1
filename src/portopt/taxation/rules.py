"""The words of a policy's `tax`, laid over the regime it names: the rules that a tax is worked out by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.tax import LongAfter, Method, TaxRules
from portopt.taxation import cases, checks
from portopt.taxation.regimes import Regime, dearer_short, method_of, read_regime, regime, regime_names, unknown_regime

WORDS: Final = (
    "regime", "rate", "short_rate", "long_rate", "long_after_days", "long_after_months", "allowance", "method", "specified",
    "wash_sale_days", "identical", "substitutes", "harvest", "min_holding_days", "limits", "weighed",
)  # fmt: skip
RATES: Final = ("rate", "short_rate", "long_rate")
OWN: Final = "own"  # the name of rules that rest on no regime


def rules_of(policy_tax: Mapping[str, Any], path: str = "tax") -> TaxRules:
    """The rules. Raises UnknownField, InvalidValue or MissingInput, the field under `path`.

    Where no regime is named nothing of any holds: the rates must be said, there is no wash rule, and every method is allowed.
    """
    said = checks.object_of(path, policy_tax, WORDS)
    if not said:
        fix = f'add "regime": one of {", ".join(regime_names())}, or "rate": 0.25'
        raise MissingInput(f"{path} says nothing that a tax could be worked out by", field=path, fixes=[fix])
    base = _base(said, path)
    if isinstance(said.get("regime"), Mapping):
        require_cases(base, f"{path}.regime")
    return _laid_over(base, said, path)


def require_cases(base: Regime, path: str) -> None:
    """Raises InvalidValue for the first case of a regime that its rules do not make what it expects."""
    for i, case in enumerate(base.cases):
        at = f"{path}.cases[{i}]"
        cases.require(case, _laid_over(base, checks.object_of(f"{at}.policy", case.get("policy", {}), WORDS), at), at)


def _laid_over(regime: Regime, said: Mapping[str, Any], path: str) -> TaxRules:
    base = _with_rates(regime, said, path)
    method, specified = _method(base, said, path)
    before, after = _wash_days(base, said, path)
    identical = _identical(said.get("identical", []), f"{path}.identical")
    return TaxRules(
        name=base.name,
        short_rate=base.short_rate,
        long_rate=base.long_rate,
        long_after=base.long_after,
        pooled=base.pooled,
        allowance=checks.money(f"{path}.allowance", said.get("allowance", base.allowance)),
        wash_days_before=before,
        wash_days_after=after,
        method=method,
        specified=specified,
        loss_value=_loss_value(base, said.get("harvest", False), f"{path}.harvest"),
        min_holding_days=checks.days(f"{path}.min_holding_days", said.get("min_holding_days", 0)),
        identical=identical,
        substitutes=_substitutes(said.get("substitutes", {}), identical, f"{path}.substitutes"),
        currency=base.currency,
        limits=checks.mapping(f"{path}.limits", said.get("limits", {})),
        keeps_allowance=base.keeps_allowance,
        weighed=_weighed(said.get("weighed", True), f"{path}.weighed"),
    )


def in_fractions(policy_tax: Mapping[str, Any]) -> dict[str, Any]:
    """Words that were checked, with rates as the numbers they are: {"rate": "37 %"} is {"rate": 0.37}."""
    found = {**policy_tax, **{name: checks.rate(name, policy_tax[name]) for name in RATES if name in policy_tax}}
    if isinstance(found.get("regime"), Mapping):
        found["regime"] = in_fractions(found["regime"])
    if isinstance(found.get("harvest"), Mapping):
        found["harvest"] = {name: checks.rate(name, value) for name, value in found["harvest"].items()}
    return found


def _base(said: Mapping[str, Any], path: str) -> Regime:
    named = said.get("regime")
    if named is None:
        return _own(said, path)
    if isinstance(named, Mapping):
        return read_regime(named, f"{path}.regime")
    if named not in regime_names():
        raise unknown_regime(f"{path}.regime", named)
    return regime(named)


def _own(said: Mapping[str, Any], path: str) -> Regime:
    """Rates without a regime: one for every gain, or one of each term with when a gain is long."""
    if not any(name in said for name in RATES):
        fixes = [f'add "regime": one of {", ".join(regime_names())}', 'add "rate": 0.25']
        raise MissingInput(f"{path} names no regime and no rate", field=f"{path}.rate", fixes=fixes)
    if "long_rate" in said and _long_after(said, path) is None:
        fix = 'add "long_after_months": 12, or name a regime'
        raise MissingInput(
            f"{path} has a long_rate and not when a gain is long", field=f"{path}.long_after_months", fixes=[fix]
        )
    if "long_rate" in said and "short_rate" not in said:
        raise MissingInput(
            f"{path} has a long_rate and no short_rate", field=f"{path}.short_rate", fixes=['add "short_rate": 0.37']
        )
    return Regime(name=OWN, short_rate=0.0, long_rate=0.0)


def _with_rates(base: Regime, said: Mapping[str, Any], path: str) -> Regime:
    """The holder's own rates and terms instead of the regime's."""
    given = {name: checks.rate(f"{path}.{name}", said[name]) for name in RATES if name in said}
    long_after = _long_after(said, path) or base.long_after
    if base.pooled and long_after is not None:
        name = next(word for word in ("long_after_days", "long_after_months") if word in said)
        why = f"{base.name} taxes every gain alike, however long it was held"
        raise InvalidValue(f"{path}.{name}", said[name], why, fix=f"leave {name} out")
    one = long_after is None
    if "rate" in given and len(given) > 1:
        why = "is of every gain, and stands beside a rate of one term"
        raise InvalidValue(f"{path}.rate", said["rate"], why, fix="write rate alone, or short_rate and long_rate")
    if "rate" in given:
        short = long = given["rate"]
    else:
        short = given.get("short_rate", given.get("long_rate", base.short_rate) if one else base.short_rate)
        long = given.get("long_rate", short if one else base.long_rate)
        if not one and base.long_after is None and "long_rate" not in given:
            fix = f'add "long_rate": a fraction of at most {short:g}'
            raise MissingInput(f"{path} says when a gain is long, and not its rate", field=f"{path}.long_rate", fixes=[fix])
    if one and short != long:
        why = f"{base.name} taxes every gain alike: short_rate is {short:g}"
        raise InvalidValue(f"{path}.long_rate", said.get("long_rate"), why, fix=f"write rate: {short:g}")
    dearer_short(path, short, long)
    return dataclasses.replace(base, short_rate=short, long_rate=long, long_after=long_after)


def _long_after(said: Mapping[str, Any], path: str) -> LongAfter | None:
    days, months = said.get("long_after_days"), said.get("long_after_months")
    if days is not None and months is not None:
        raise InvalidValue(f"{path}.long_after_days", days, "stands beside long_after_months", fix="write one of the two")
    if days is not None:
        return LongAfter(days=checks.days(f"{path}.long_after_days", days, least=1))
    return None if months is None else LongAfter(months=checks.days(f"{path}.long_after_months", months, least=1))


def _method(base: Regime, said: Mapping[str, Any], path: str) -> tuple[Method, Mapping[str, tuple[str, ...]]]:
    """Which lots are sold, one of those that the regime allows, and for `specified` in what order."""
    field = f"{path}.method"
    method = method_of(field, said["method"]) if "method" in said else base.methods[0]
    if method not in base.methods:
        why = f"{base.name} does not allow it: lots are sold by {' or '.join(base.methods)} there"
        raise InvalidValue(field, method, why, fix=f"write method: {base.methods[0]!r}, or leave it out")
    if "specified" in said and method != "specified":
        why = f"lots are named, and the method is {method!r}"
        raise InvalidValue(f"{path}.specified", checks.shown(said["specified"]), why, fix="write method: 'specified'")
    if method != "specified":
        return method, {}
    if not said.get("specified"):
        fix = 'add "specified": {"AAPL": ["lot-3", "lot-1"]}'
        raise MissingInput(f"{path}.method is 'specified' and no lot is", field=f"{path}.specified", fixes=[fix])
    given = checks.mapping(f"{path}.specified", said["specified"])
    return method, {asset: checks.names(f"{path}.specified.{asset}", lots) for asset, lots in given.items()}


def _wash_days(base: Regime, said: Mapping[str, Any], path: str) -> tuple[int, int]:
    """More days than the law's are a holder's own care; fewer would count losses that the law does not.

    None at all is for a holder whom the rule does not concern, as a trader who marks to market (26 U.S.C. 475(f)).
    """
    law = base.wash_days_before, base.wash_days_after
    if "wash_sale_days" not in said:
        return law
    days = checks.days(f"{path}.wash_sale_days", said["wash_sale_days"])
    if days == 0:
        return 0, 0
    if days < max(law):
        why = f"{base.name} looks {max(law)} days around a loss: with fewer, losses would count that do not"
        raise InvalidValue(
            f"{path}.wash_sale_days", days, why, fix=f"write {max(law)} or more, 0 where the rule is not yours, or leave it out"
        )
    before, after = law
    return (days, days) if law == (0, 0) else (days if before else 0, days if after else 0)


def _weighed(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(path, checks.shown(value), "true or false is needed", fix=f"write {path} as false, or leave it out")
    return value


def _loss_value(base: Regime, harvest: Any, path: str) -> float:
    """What a loss that is carried on counts as. More than the lower rate would make a loss worth more than it ever saves."""
    if isinstance(harvest, bool):
        return base.long_rate if harvest else 0.0
    if not isinstance(harvest, Mapping):
        fix = f'write {path}: true, or {{"loss_value": {base.long_rate / 2:g}}}'
        raise InvalidValue(path, checks.shown(harvest), "true, false or what a loss is worth is needed", fix=fix)
    given = checks.object_of(path, harvest, ("loss_value",))
    if "loss_value" not in given:
        raise MissingInput(f"{path} needs 'loss_value'", field=f"{path}.loss_value", fixes=[f"write {path}: true"])
    value = checks.rate(f"{path}.loss_value", given["loss_value"])
    if value > base.long_rate:
        why = f"is more than a loss that is carried on saves: {base.long_rate:g} at the lower rate"
        raise InvalidValue(f"{path}.loss_value", given["loss_value"], why, fix=f"write {base.long_rate:g} or less")
    return value


def _identical(value: Any, path: str) -> dict[str, str]:
    """Asset id -> its group, which bears the name of its first member."""
    if not isinstance(value, list | tuple):
        fix = f'write {path}: [["VOO", "IVV", "SPY"]]'
        raise InvalidValue(path, checks.shown(value), "a list of lists of assets is needed", fix=fix)
    group_of: dict[str, str] = {}
    for i, given in enumerate(value):
        members = checks.names(f"{path}[{i}]", given, least=2)
        for asset in members:
            if asset in group_of:
                why = f"is in the group of {group_of[asset]!r} already: an asset has one group"
                raise InvalidValue(f"{path}[{i}]", asset, why, fix="write the two groups as one")
        group_of.update(dict.fromkeys(members, members[0]))
    return group_of


def _substitutes(value: Any, group_of: Mapping[str, str], path: str) -> dict[str, tuple[str, ...]]:
    """What may be bought in the place of an asset, best first; never what is the same to a wash sale."""
    found = {asset: checks.names(f"{path}.{asset}", names) for asset, names in checks.mapping(path, value).items()}
    for asset, names in found.items():
        for i, name in enumerate(names):
            if name == asset or group_of.get(name, name) == group_of.get(asset, asset):
                same = "the asset itself" if name == asset else f"substantially identical to {asset!r} by tax.identical"
                why = f"is {same}: to buy it is the wash sale that a substitute avoids"
                raise InvalidValue(f"{path}.{asset}[{i}]", name, why, fix=f"take {name!r} out")
    return found

"""Rules of a tax in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from portopt.domain.tax import Method, TaxRules

LOTS: Final[Mapping[Method, str]] = {
    "min_tax": "lots are sold so that the tax is least",
    "highest_cost": "of an asset the dearest lots are sold first",
    "fifo": "of an asset the lots that were bought first are sold first",
    "lifo": "of an asset the lots that were bought last are sold first",
    "average": "the lots of an asset have one cost, their average",
    "specified": "lots are sold in the order in which they are named",
}


def sentences(rules: TaxRules) -> Mapping[str, str]:
    """By the word of a policy that says it, one sentence each; what does not hold is left out."""
    said = {"regime": _rates(rules), "method": LOTS[rules.method]}
    if rules.allowance:
        said["allowance"] = f"{rules.allowance:,} {rules.currency}".strip() + " of a year's net gain are free of tax"
    if rules.has_wash_rule:
        said["wash_sale_days"] = _wash(rules)
    if rules.identical:
        said["identical"] = f"the same to a wash sale: {'; '.join(_groups(rules))}"
    if rules.substitutes:
        pairs = (f"{_or(names)} for {asset}" for asset, names in rules.substitutes.items())
        said["substitutes"] = f"may be bought in its place: {'; '.join(pairs)}"
    if rules.loss_value:
        said["harvest"] = f"a loss that is carried on counts as {_percent(rules.loss_value)} of it now"
    if rules.min_holding_days:
        said["min_holding_days"] = f"a lot is held for {rules.min_holding_days} days at least"
    if not rules.weighed:
        said["weighed"] = "the tax is told, and not weighed against what is sought"
    return said


def _rates(rules: TaxRules) -> str:
    after = rules.long_after
    if after is None:
        return f"{rules.name}: every gain is taxed at {_percent(rules.short_rate)}"
    held = f"{after.days} days" if after.months is None else f"{after.months} months"
    long = f"long ones, held for more than {held}, at {_percent(rules.long_rate)}"
    return f"{rules.name}: short gains are taxed at {_percent(rules.short_rate)}, {long}"


def _wash(rules: TaxRules) -> str:
    before, after = rules.wash_days_before, rules.wash_days_after
    since = f"from {before} days before" if before else "from the day of the sale"
    return f"a loss does not count where the same is bought {since} to {after} days after it"


def _groups(rules: TaxRules) -> list[str]:
    groups: dict[str, list[str]] = {}
    for asset, group in rules.identical.items():
        groups.setdefault(group, []).append(asset)
    return [", ".join(members) for members in groups.values()]


def _or(names: Sequence[str]) -> str:
    return ", else ".join(names)


def _percent(rate: float) -> str:
    return f"{100.0 * rate:.4f}".rstrip("0").rstrip(".") + " %"

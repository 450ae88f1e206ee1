"""What may be bought in the place of what is sold at a loss, without taking the loss away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from portopt.domain.tax import Instead, LotSale, Substitute, TaxRecord, TaxRules
from portopt.taxation.wash_sales import blocked_buys


def instead_of(sales: Sequence[LotSale], record: TaxRecord, as_of: date, rules: TaxRules) -> tuple[Instead, ...]:
    """Each asset of which something is sold at a loss that counts, in the order of the sales; none where no rule bars a buy."""
    if rules.wash_days_after == 0:
        return ()
    lost = {rules.group(asset): asset for asset in _lost(sales)}
    closed = blocked_buys(record, as_of, rules)
    again_on = as_of + timedelta(days=rules.wash_days_after + 1)
    return tuple(Instead(asset, again_on, _ranked(rules, asset, lost, closed)) for asset in _lost(sales))


def _lost(sales: Sequence[LotSale]) -> tuple[str, ...]:
    losses = (sale.lot.asset_id for sale in sales if sale.gain is not None and sale.gain + sale.disallowed < 0)
    return tuple(dict.fromkeys(losses))


def _ranked(
    rules: TaxRules, asset: str, lost: Mapping[str, str], closed: Mapping[str, tuple[str, date]]
) -> tuple[Substitute, ...]:
    """In the order of the policy, which is the holder's; what may not be bought keeps its rank and says why."""

    def barred(name: str) -> str:
        group = rules.group(name)
        if group in lost:
            return (
                f"{lost[group]}, which is the same, is sold at a loss now"
                if lost[group] != name
                else "it is sold at a loss now"
            )
        return closed[group][0] if group in closed else ""

    return tuple(Substitute(name, k, barred(name)) for k, name in enumerate(rules.substitutes.get(asset, ()), start=1))

"""The section `taxes`: what the sales come to, lot by lot, and how the year adds up."""

from __future__ import annotations

from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.plan import RebalancePlan
from portopt.domain.tax import LotSale, Netting, TaxPlan, TaxRules


def taxes(plan: RebalancePlan) -> dict[str, Any] | None:
    """None where no tax was estimated. Money as text, to the cent."""
    return None if plan.taxes is None else _section(plan.taxes)


def _section(found: TaxPlan) -> dict[str, Any]:
    return {
        "tax": str(found.tax),
        "regime": found.rules.name,
        "method": found.rules.method,
        "rules": _rules(found.rules),
        "netting": _netting(found.netting),
        "lots": [_sale(sale) for sale in found.sales],
        "instead": [plain(one) for one in found.instead],
        "unrealized_before": str(found.unrealized_before),
        "unrealized_after": str(found.unrealized_after),
        "deferred": str(found.deferred),
        "unknown_costs": list(found.unknown),
        "tax_if_bought_at_price": None if found.if_at_price is None else str(found.if_at_price),
    }


def _rules(rules: TaxRules) -> dict[str, Any]:
    """What the figures rest on, to work them out again."""
    after = rules.long_after
    return {
        "short_rate": rules.short_rate,
        "long_rate": rules.long_rate,
        "long_after_days": None if after is None else after.days,
        "long_after_months": None if after is None else after.months,
        "pooled": rules.pooled,
        "allowance": str(rules.allowance),
        "keeps_allowance": rules.keeps_allowance,
        "wash_days_before": rules.wash_days_before,
        "wash_days_after": rules.wash_days_after,
        "loss_value": rules.loss_value,
    }


def _netting(netting: Netting) -> dict[str, Any]:
    names = (
        "short",
        "long",
        "taxed_short",
        "taxed_long",
        "allowance_used",
        "due",
        "due_before",
        "carried_short",
        "carried_long",
    )
    return {name: str(getattr(netting, name)) for name in names}


def _sale(sale: LotSale) -> dict[str, Any]:
    lot = sale.lot
    return {
        "asset_id": lot.asset_id,
        "lot_id": lot.lot_id,
        "acquired_on": None if lot.acquired_on is None else lot.acquired_on.isoformat(),
        "held": str(lot.shares),
        "shares": str(sale.shares),
        "cost_per_share": None if lot.cost_per_share is None else str(lot.cost_per_share),
        "proceeds": str(sale.proceeds),
        "gain": str(sale.gain),
        "term": sale.term,
        "disallowed": str(sale.disallowed),
        "reason": sale.reason,
    }

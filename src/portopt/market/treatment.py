"""What is done about what was found: refuse, quarantine or accept, as the data policy says. Never silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import Finding, Treatment
from portopt.domain.request import MISSING_ATTRIBUTE, DataPolicy
from portopt.market.observed import Observed

TREATMENTS: dict[str, Treatment] = {"refuse": "refused", "quarantine": "quarantined", "accept": "accepted"}
KINDS = (
    "gap",
    "stale",
    "no_longer_traded",
    "unadjusted_split",
    "extreme_move",
    "non_positive_price",
    "not_a_number",
    "impossible_return",
    "short_history",
    "duplicate",
    "stale_source",
    "unknown_asset",
)
DECIDED = (*KINDS, "split_since_holdings")  # the last is found beside holdings: see asked_about.py
# Nothing to decide: the same row twice says the same thing; an infinite price is a fault of whoever divided by nothing.
ALWAYS: dict[str, Treatment] = {"repeated_row": "accepted", "infinite_price": "refused"}
KEPT = "give its row in the holdings a price and set the policy's data.unknown_asset to 'quarantine': it is then kept as it is"
LISTED = 10  # findings spelled out in an error's sentence; all of them are in its measured facts


def check_policy(policy: DataPolicy) -> None:
    """Raises InvalidValue for a treatment or a threshold that cannot mean anything."""
    for kind in DECIDED:
        value = getattr(policy, kind)
        allowed = ("refuse", "accept") if kind == "stale_source" else tuple(TREATMENTS)
        if value not in allowed:
            raise InvalidValue(f"data.{kind}", value, f"must be one of {', '.join(allowed)}")
    if policy.missing_attribute not in MISSING_ATTRIBUTE:
        raise InvalidValue("data.missing_attribute", policy.missing_attribute, f"must be one of {', '.join(MISSING_ATTRIBUTE)}")
    for name, least in (("max_gap_days", 0), ("stale_days", 2), ("source_stale_days", 0)):
        if getattr(policy, name) < least:
            raise InvalidValue(f"data.{name}", getattr(policy, name), f"must be at least {least}")
    if not 0.0 <= policy.split_ratio_tolerance <= 0.2:
        raise InvalidValue("data.split_ratio_tolerance", policy.split_ratio_tolerance, "must lie between 0 and 0.2")


def treat(observed: Sequence[Observed], policy: DataPolicy, source: str) -> tuple[Finding, ...]:
    """A finding for each fact, with what was done about it. Raises DataError listing every finding that refuses."""
    findings = tuple(Finding(o.kind, o.asset_id, o.date, o.value, _treatment(o.kind, policy), o.detail) for o in observed)
    refuse([finding for finding in findings if finding.treatment == "refused"], source)
    return findings


def _treatment(kind: str, policy: DataPolicy) -> Treatment:
    return ALWAYS[kind] if kind in ALWAYS else TREATMENTS[getattr(policy, kind)]


def refuse(refused: Sequence[Finding], source: str, *, all_of_them: bool = False) -> None:
    """Raises DataError for a list of findings that is not empty. all_of_them: no asset is left to go on with."""
    if not refused:
        return
    shown = [finding.detail for finding in refused[:LISTED]]
    if len(refused) > LISTED:
        shown.append(f"and {len(refused) - LISTED} more")
    raise DataError(
        f"prices from {source} cannot be used: {'; '.join(shown)}",
        field="prices",
        value=sorted({finding.asset_id for finding in refused if finding.asset_id}),
        measured={"findings": [_facts(finding) for finding in refused], "source": source},
        fixes=_fixes(refused, source, all_of_them),
    )


def _facts(finding: Finding) -> dict[str, object]:
    return dataclasses.asdict(finding) | {"date": finding.date.isoformat() if finding.date else None}


def _fixes(refused: Sequence[Finding], source: str, all_of_them: bool) -> list[str]:
    """One sentence for what is mended in one step."""
    kinds = list(dict.fromkeys(finding.kind for finding in refused))
    if "non_positive_price" in kinds and "impossible_return" in kinds:  # a price under zero is both
        kinds.remove("impossible_return")
    return [_fix(kind, refused, source, all_of_them) for kind in kinds]


def _fix(kind: str, refused: Sequence[Finding], source: str, all_of_them: bool) -> str:
    assets = ", ".join(dict.fromkeys(f.asset_id for f in refused if f.kind == kind and f.asset_id))
    if kind == "stale_source":
        return "ask for an earlier as_of, or bring newer prices"
    if kind == "unknown_asset":
        return f"name {assets} as {source} does, take it out of the request, add prices of it to {source}, or {KEPT}"
    if kind == "infinite_price":
        return f"correct the prices of {assets} in {source}; leave a cell empty where there is no price"
    mend = f"keep one price a day of {assets}" if kind == "duplicate" else f"correct the prices of {assets}"
    if all_of_them:
        return f"{mend} in {source}: no asset is left to go on with"
    words = f"data.{kind}"
    if kind == "non_positive_price" and any(f.kind == "impossible_return" for f in refused):
        assets = ", ".join(dict.fromkeys(f.asset_id for f in refused if f.kind in (kind, "impossible_return") and f.asset_id))
        mend, words = f"correct the prices of {assets}", f"{words} and data.impossible_return"
    return f"{mend} in {source}, or set the policy's {words} to 'quarantine' to go on without"

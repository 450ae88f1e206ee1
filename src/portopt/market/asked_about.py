"""What is done about holdings that may be from before a split: asked about, set aside or taken, as the data policy says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.errors import SharesInDoubt
from portopt.domain.market import Finding, MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.shares_in_doubt import InDoubt
from portopt.market.notes import SPLIT
from portopt.market.share_ratios import as_text, in_words
from portopt.market.since_holdings import in_doubt
from portopt.market.treatment import TREATMENTS

LISTED = 10
PLACES = Decimal("0.000001")


def with_shares_judged(request: RebalanceRequest, snapshot: MarketSnapshot) -> MarketSnapshot:
    """The snapshot with a finding for each asset whose shares may be of before a split that its price is of after.

    What was found of another book's holdings is not of this one's. Of what was confirmed, the finding says so and nothing else
    is done. Raises SharesInDoubt where the policy refuses.
    """
    found = in_doubt(snapshot, request.holdings, request.actions)
    asked = [doubt for doubt in found if doubt.asset_id not in request.confirmed_shares]
    treatment = TREATMENTS[request.policy.data.split_since_holdings]
    if asked and treatment == "refused":
        raise _refusal(asked, snapshot)
    findings = [
        Finding(SPLIT, doubt.asset_id, doubt.on, _value(doubt), treatment if doubt in asked else "accepted", detail)
        for doubt in found
        if (detail := f"{_told(doubt)}; {_done(treatment, doubt) if doubt in asked else CONFIRMED}")
    ]
    of_prices = tuple(finding for finding in snapshot.findings if finding.kind != SPLIT)
    if not findings and len(of_prices) == len(snapshot.findings):
        return snapshot
    return dataclasses.replace(snapshot, findings=(*of_prices, *findings))


CONFIRMED = "its shares were confirmed as those of today"


def _done(treatment: str, doubt: InDoubt) -> str:
    worth = "" if doubt.ratio is None else f", {_times(doubt.ratio)} of what it is worth if that is so"
    if treatment == "quarantined":
        return f"it is kept as it is, neither bought nor sold, and counted at {doubt.price:.6g}{worth}"
    return f"its shares are taken as those of today, counted at {doubt.price:.6g}"


def _times(ratio: Fraction) -> str:
    return str(1 / ratio) if ratio > 1 else f"{1 / ratio} times"


def _told(doubt: InDoubt) -> str:
    """What seems to have happened, and what tells it."""
    if doubt.ratio is None:
        return f"{doubt.asset_id}: {'; '.join(doubt.witnesses)}"
    now = f", {_count(doubt.shares)} shares would be {_count(_after(doubt))} now"
    return f"{doubt.asset_id} looks like {in_words(doubt.ratio)} since these holdings{now}: {'; '.join(doubt.witnesses)}"


def _after(doubt: InDoubt) -> Decimal:
    ratio = Fraction(doubt.shares) * (doubt.ratio or 1)
    return (Decimal(ratio.numerator) / Decimal(ratio.denominator)).quantize(PLACES).normalize()


def _count(shares: Decimal) -> str:
    return f"{shares.normalize():f}"


def _value(doubt: InDoubt) -> float | None:
    return None if doubt.ratio is None else float(doubt.ratio)


def _refusal(asked: Sequence[InDoubt], snapshot: MarketSnapshot) -> SharesInDoubt:
    shown = [_told(doubt) for doubt in asked[:LISTED]]
    if len(asked) > LISTED:
        shown.append(f"and {len(asked) - LISTED} more")
    return SharesInDoubt(
        f"holdings and prices from {snapshot.source} seem to be of two sides of a corporate action: {'. '.join(shown)}. "
        "Until that is settled every weight is in doubt, and nothing is proposed",
        field="holdings",
        value=sorted(doubt.asset_id for doubt in asked),
        measured={"in_doubt": [_facts(doubt) for doubt in asked], "source": snapshot.source},
        fixes=_fixes(asked),
    )


def _facts(doubt: InDoubt) -> dict[str, Any]:
    ratio = {"ratio": None if doubt.ratio is None else as_text(doubt.ratio)}
    after = {"shares_after": None if doubt.ratio is None else _count(_after(doubt))}
    return {**plain(dataclasses.replace(doubt, ratio=None)), **ratio, **after}


def _fixes(asked: Sequence[InDoubt]) -> list[str]:
    named = [doubt.asset_id for doubt in asked]
    split = {doubt.asset_id: as_text(doubt.ratio) for doubt in asked if doubt.ratio is not None}
    now = ", ".join(f"{_count(_after(doubt))} shares of {doubt.asset_id}" for doubt in asked if doubt.ratio is not None)
    options = " ".join(f"--split {asset}={ratio}" for asset, ratio in split.items())
    converted = f"state the split, and shares and lots are converted: {options} (in a request: splits {json.dumps(split)})"
    confirmed = f"--confirm-shares {','.join(named)} (in a request: confirmed_shares {json.dumps(named)})"
    return [
        f"give the holdings of today{f': {now}' if now else ''}",
        *([converted] if split else []),
        f"say that the shares are those of today: {confirmed}",
    ]

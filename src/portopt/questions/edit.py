"""Some trades of a proposal are decided by somebody, and the rest is solved again around them: what that costs, exactly.

The trades are a limit of the request (`limits.pinned`), so that it is replayed, diagnosed and explained like any other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from portopt import formulation, pipeline
from portopt.analysis.yardstick import Yardstick
from portopt.domain.approval import ApprovalWanted
from portopt.domain.choices import Edited
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import MissingInput
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.domain.steps import step_in
from portopt.domain.words import signed_percent
from portopt.ports import MarketDataProvider
from portopt.questions.posed import OnPrices, kept_prices, on_prices
from portopt.questions.rebalance import rebalance
from portopt.questions.stands import gave_way, stands
from portopt.runs.identity import run_identity
from portopt.terms.limits.pinned import FIELD, Pinned
from portopt.terms.shared.pins import SPELLINGS, Pin, pin_of

if TYPE_CHECKING:
    from portopt.runtime import Runtime

FREE = ("free", None)
EXAMPLE = "AAPL=+100 MSFT=none XOM=3%"
CONTINUOUS = "weights are continuous here; whole shares are chosen around the same trades when the edit is proposed"


def edit(
    asked: RebalanceRequest | RunRecord | str,
    trades: Mapping[str, Any],
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    until: Deadline = NEVER,
) -> Edited:
    """The certified weights around trades that are decided, beside those without them, and the price of the difference.

    asked: a rebalance, or a stored one, or its id; what is pinned in it stays so, unless `trades` says otherwise.
    trades: by asset id, "+100", "-$5,000", "3%", "none", or "free" to take a pin away.
    Raises InvalidValue for what says no trade, InfeasibleRequest, diagnosed, where the limits leave no room for the pins.
    """
    on = on_prices(asked, runtime, market)
    request, notes = _edited_request(on, trades)
    standing = stands(on, until)
    solved = standing.beside(request, on, until)
    validated = pipeline.certify(solved, on.snapshot)
    weights = standing.validated.weights
    yardstick = Yardstick(standing.solved.problem, weights)
    return Edited(
        request=request,
        problem=solved.problem,
        pins=tuple((name, pin.describe()) for name, pin in _pins(request).items()),
        run_id=run_identity(request, on.snapshot),
        stands=yardstick.measured(weights),
        edited=yardstick.measured(validated.weights),
        price=yardstick.worth(validated.weights),
        certificate=validated.certificate,
        rests_on=kept_prices(on, runtime),
        about_run=on.run_id,
        notes=(*notes, *gave_way(standing, solved), *([] if request.policy.trading.fractional else [CONTINUOUS])),
    )


def propose_edit(
    asked: RebalanceRequest | RunRecord | str,
    trades: Mapping[str, Any],
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    wanted: ApprovalWanted | None = None,
) -> RunRecord:
    """The edited proposal in whole shares, stored: a run of its own, whose request holds the trades that were decided.

    wanted: where a person is to approve it.
    """
    on = on_prices(asked, runtime, market)
    request, _ = _edited_request(on, trades)
    return rebalance(request, runtime, market=on.market, wanted=wanted)


def _edited_request(on: OnPrices, trades: Mapping[str, Any]) -> tuple[RebalanceRequest, tuple[str, ...]]:
    """What asks for the edit, and what became of money and percentages in whole shares."""
    if not trades:
        fix = f"name an asset and its trade, as {EXAMPLE}: {SPELLINGS}"
        raise MissingInput("an edit decides at least one trade", field="trades", fixes=[fix])
    pins, notes = dict(_pins(on.request)), []
    for name, said in trades.items():
        if said in FREE:
            pins.pop(name, None)
            continue
        pin, note = _in_lots(name, pin_of(f"{FIELD}.{name}", said), on)
        pins[name] = pin
        notes += [note] if note else []
    limits = {kind: value for kind, value in on.request.policy.limits.items() if kind != Pinned.kind}
    if pins:
        limits[Pinned.kind] = {name: {pin.unit: pin.amount} for name, pin in Pinned(pins).trades.items()}
    return dataclasses.replace(on.request, policy=dataclasses.replace(on.request.policy, limits=limits)), tuple(notes)


def _in_lots(name: str, pin: Pin, on: OnPrices) -> tuple[Pin, str]:
    """The pin as the nearest whole lots where shares are whole, and what that makes of it; what nobody knows stays as it is."""
    rules, holdings = on.request.policy.trading, on.request.funded
    prices = formulation.exact_prices_of(on.request, on.snapshot)
    step = step_in(on.request.universe, name, rules)
    if pin.unit == "shares" or (step.fine and not step.own) or name not in prices:
        return pin, ""
    value, price, held = holdings.value(prices), prices[name], holdings.shares.get(name, Decimal(0))
    wanted = Decimal(repr(pin.amount)) * (value if pin.unit == "weight" else Decimal(1)) / price
    trade = wanted - held if pin.unit == "weight" else wanted
    lots = (trade / step.size).to_integral_value(ROUND_HALF_EVEN) * step.size
    lots = -held if wanted == 0 and pin.unit == "weight" else max(lots, -held) if held >= 0 else lots
    found = Pin("shares", float(lots))
    weight = float((held + lots) * price / value)
    how = step.in_words(name) if step.own else "whole shares"
    return found, f"{name}: {pin.describe()}, in {how}: {found.describe()}, to {signed_percent(weight)} of the portfolio"


def _pins(request: RebalanceRequest) -> Mapping[str, Pin]:
    there = request.policy.limits.get(Pinned.kind)
    return {} if there is None else Pinned.parse(there).trades

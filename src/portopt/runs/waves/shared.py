"""What the items of a wave share is read and estimated once in a process: prices, policies, beliefs.

All of it is a function of what the wave is, so that an item becomes the same run, byte for byte, as by itself, in whichever
process and beside whichever others it is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from portopt import pipeline
from portopt.domain.canonical import digest
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.portfolio import Portfolio
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import CASH
from portopt.domain.wave import Wave, WaveItem
from portopt.formulation import universe_of
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request
from portopt.intake.standing import book_of
from portopt.runs.market import keep_pack, read_pack
from portopt.runs.record import accepted

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(slots=True)
class Shared:
    """The parts of one wave in one process, each made by the first item that needs it."""

    wave: Wave
    runtime: Runtime
    _policies: dict[str, tuple[Policy, FactorReturns | None]] = field(default_factory=dict)
    _snapshots: dict[tuple[Any, ...], MarketSnapshot] = field(default_factory=dict)
    _moments: dict[tuple[Any, ...], list[tuple[Any, Moments]]] = field(default_factory=dict)

    def request(self, item: WaveItem, portfolio: Portfolio) -> RebalanceRequest:
        """What is asked of a portfolio, whole. Raises what a rebalance of it by itself would."""
        policy, factor_returns = self._policy(item.policy)
        wishes = Wishes(cash_flow=portfolio.cash_flow)
        book, as_of = book_of(portfolio), self.wave.as_of
        request = rebalance_request(book, policy, wishes, as_of=as_of, factor_returns=factor_returns)
        provider = self.wave.provider or portfolio.provider or self.runtime.settings.market
        return accepted(replace(request, provider=provider))

    def _policy(self, policy_id: str) -> tuple[Policy, FactorReturns | None]:
        if policy_id not in self._policies:
            from portopt.adapters.providers.factor_files import factor_returns_for
            from portopt.dialects.policies import policy_from_data

            policy = policy_from_data(self.wave.policies[policy_id])
            factors = policy.estimation.factors
            self._policies[policy_id] = policy, factor_returns_for(factors) if factors else None
        return self._policies[policy_id]

    def snapshot(self, request: RebalanceRequest) -> MarketSnapshot:
        """The prices of all books that want the same assets under the same rules: the pack that the wave began with."""
        choice, data = request.policy.estimation, request.policy.data
        wanted = pipeline.wanted_assets(request)
        key = (wanted, request.provider, request.as_of, data, choice.lookback, choice.min_observations)
        if key not in self._snapshots:
            trigger = f"{self.wave.wave_id}:{digest(list(map(str, wanted)), *map(str, key[1:]))[:20]}"
            self._snapshots[key] = keep_pack(read_pack(request, self.runtime, trigger), self.runtime, trigger, request)
        found = pipeline.beside_holdings(request, self._snapshots[key])
        # What is refused of a book alone (no price of something held, say) is for the usual way to say.
        return found if _is_priced(request, found) else read_pack(request, self.runtime)

    def moments(self, request: RebalanceRequest, snapshot: MarketSnapshot) -> Moments:
        """Beliefs of all books on the same assets of one pack, with whatever is worked out of them later."""
        universe = universe_of(request, snapshot)
        key = (snapshot.pricing_pack_id, id(snapshot), request.policy.id, universe.ids)
        known = self._moments.setdefault(key, [])
        for (assets, benchmark), moments in known:
            if assets == universe and benchmark == request.benchmark:
                return moments
        found = pipeline.estimate(request, snapshot)
        known.append(((universe, request.benchmark), found))
        return found


def _is_priced(request: RebalanceRequest, snapshot: MarketSnapshot) -> bool:
    """Whether everything held and measured against has a price, and nothing that is priced is called as money is."""
    named = {*request.holdings.shares, *(request.benchmark or {})} - {CASH}
    quarantined = any(finding.treatment == "quarantined" for finding in snapshot.findings)
    money = any(len(name) == len(CASH) and name.upper() == CASH for name in snapshot.asset_ids)
    return named <= snapshot.priced() and not quarantined and not money

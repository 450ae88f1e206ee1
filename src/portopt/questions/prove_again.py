"""A proof done again by whoever has the document and the prices: the same decisions, the same noise, the same digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portopt.dialects.backtests import backtest_from_data
from portopt.domain.action import Action
from portopt.domain.backtest import Membership
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.market.action_checks import checked as checked_actions
from portopt.ports import MarketDataProvider
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest, named_assets, opened
from portopt.questions.through_time.question import factors_of
from portopt.simulation.history import History
from portopt.simulation.simulate import Progress


@dataclass(frozen=True, slots=True)
class ProvenAgain:
    """stored: the proof as it stands in the document. again: as it came out now. same: both, on the same prices."""

    run_id: str
    same: bool
    same_prices: bool
    stored: Mapping[str, Any]
    again: Mapping[str, Any]
    kind: str = "proof_again"


def prove_again(
    document: Mapping[str, Any],
    market: MarketDataProvider,
    *,
    actions: Sequence[Action] = (),
    members: Sequence[Membership] = (),
    progress: Progress | None = None,
) -> ProvenAgain:
    """Whether the proof of a document comes out as it stands there, on these prices, actions and memberships.

    Raises MissingInput for a document without a proof, or of a strategy that is no policy; InvalidValue for other actions or
    memberships than it rests on.
    """
    proof, asked = document.get("proof"), document.get("question")
    if not isinstance(proof, Mapping) or not isinstance(asked, Mapping):
        raise MissingInput(
            "the document holds no proof that can be done again: it was made without --prove, or of a strategy of one's own",
            field="DOCUMENT",
            fixes=["portopt backtest … --prove --json > document.json"],
        )
    request = backtest_from_data(asked["request"])
    _require_as_many("actions", actions, asked)
    _require_as_many("members", members, asked)
    snapshot = opened(
        market, request.policy.data, named_assets(request.universe, request.benchmark, members, actions), request.end
    )
    request = replace(request, actions=checked_actions(actions, snapshot).actions, members=tuple(members))
    factors = factors_of(request.policy)
    history = History.of(snapshot, request.actions, request.members, request.policies, factors)
    found = plain(backtest(Backtest(request, history, path=asked["path"]), progress=progress, sweep=False).proof)
    same_prices = snapshot.pricing_pack_id == document["data"]["pricing_pack_id"]
    return ProvenAgain(document["run_id"], found == proof and same_prices, same_prices, dict(proof), found)


def _require_as_many(what: str, given: Sequence[Any], asked: Mapping[str, Any]) -> None:
    if len(given) != asked[what]:
        why = f"is how many {what} are given, and the document rests on {asked[what]}"
        raise InvalidValue(what, len(given), why, fix=f"name the same file: --{what} FILE")

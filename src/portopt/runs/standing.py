"""Whether an answer around a proposal still rests on the newest there is, and what changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from portopt.domain.chosen import Changed
from portopt.domain.errors import UnknownThing
from portopt.domain.portfolio import HoldingsVersion
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs import lifecycle
from portopt.runs.decisions import difference_of_holdings, told_other_lots

if TYPE_CHECKING:
    from portopt.runtime import Runtime

STANDING = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL)
LOOKED_AT = 50  # versions of holdings, and proposals, from the newest on
GONE = {RunStatus.SUPERSEDED: "was superseded", RunStatus.CANCELLED: "was rejected or cancelled"}


@dataclass(frozen=True)
class Newest:
    """What is newest of one portfolio, read when it is first asked for, for as many answers as are looked at."""

    portfolio_id: str
    runtime: Runtime

    @cached_property
    def versions(self) -> tuple[HoldingsVersion, ...]:
        try:
            return tuple(self.runtime.portfolios.versions(self.portfolio_id, limit=LOOKED_AT))
        except UnknownThing:
            return ()

    @cached_property
    def proposal(self) -> RunRecord | None:
        found = self.runtime.runs.runs(portfolio_id=self.portfolio_id, kind="rebalance", limit=LOOKED_AT)
        return next((run for run in found if run.status in STANDING), None)

    @cached_property
    def policies(self) -> Mapping[str, str]:
        return {policy.id: policy.method_version for policy in self.runtime.runs.policies()}

    @cached_property
    def pack(self) -> tuple[str, str] | None:
        return self.runtime.choices.newest_pack(self.portfolio_id)


def holdings_version(record: RunRecord, newest: Newest) -> int | None:
    """Which version of the holdings it was asked on; None where they were never declared, or long ago."""
    held = record.request["holdings"]
    return next((v.version for v in newest.versions if not difference_of_holdings(held, v.holdings)), None)


def changed(record: RunRecord, newest: Newest) -> tuple[Changed, ...]:
    """What is not the newest any more; nothing where it stands."""
    looks = (_holdings, _proposal, _policy, _prices)
    return tuple(one for look in looks for one in look(record, newest))


def _holdings(record: RunRecord, newest: Newest) -> Iterator[Changed]:
    if not newest.versions:
        return
    now = newest.versions[0]
    moved = difference_of_holdings(record.request["holdings"], now.holdings)
    if moved:
        asset, (was, is_now) = next(iter(moved.items()))
        more = f", and {len(moved) - 1} more" if len(moved) > 1 else ""
        detail = f"{asset} {was} → {is_now} since{more}"
        yield Changed("holdings", holdings_version(record, newest), now.version, detail)
    elif told_other_lots(record.request["holdings"], now.holdings):
        yield Changed("holdings", None, now.version, "other lots of the same shares were told since")


def _proposal(record: RunRecord, newest: Newest) -> Iterator[Changed]:
    about, latest = record.about_run, newest.proposal
    base = None if about is None else lifecycle.found(about, newest.runtime)
    if base is not None and base.status in GONE:
        yield Changed("proposal", about, None if latest is None else latest.run_id, f"{about} {GONE[base.status]}")
    elif latest is not None and latest.run_id != about and latest.created_at > (base or record).created_at:
        yield Changed("proposal", about, latest.run_id, f"{latest.run_id} was proposed since")


def _policy(record: RunRecord, newest: Newest) -> Iterator[Changed]:
    asked: Mapping[str, Any] = record.request["policy"]
    named, was = str(asked["id"]), str(asked.get("method_version"))
    is_now = newest.policies.get(named, was)
    if is_now != was:
        yield Changed("policy", was, is_now, f"{named} is in version {is_now} now, and was in {was}")


def _prices(record: RunRecord, newest: Newest) -> Iterator[Changed]:
    pack = newest.pack
    if pack is not None and pack[0] != record.pricing_pack_id and pack[1] >= record.as_of.isoformat():
        yield Changed("prices", record.pricing_pack_id, pack[0], f"there are prices up to {pack[1]}: {pack[0]}")

"""What waits for a person, a line each, and the history of one proposal with whether it is what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from portopt.document.narrative import awaits
from portopt.domain.access import Principal
from portopt.domain.approval import OPEN, ApprovalState
from portopt.domain.canonical import plain
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs.approval_told import Instant, told
from portopt.runs.decisions import wants_other_eyes
from portopt.runs.history import policy_of

if TYPE_CHECKING:
    from portopt.runtime import Runtime

AT_ONCE = 100  # runs to a question


def line(record: RunRecord, runtime: Runtime, instant: Instant) -> dict[str, Any]:
    """What somebody has to see to know whether they have to decide: whose it is, how much is traded, and what it costs."""
    headline = (record.document or {}).get("headline") or {}
    approval = record.approval
    value = None if approval is None or approval.value_to_trade is None else str(approval.value_to_trade)
    return {
        "run_id": record.run_id,
        "portfolio_id": record.portfolio_id,
        "policy": policy_of(record),
        "proposed_by": sorted(runtime.ledger.proposers(record.portfolio_id, record.run_id)),
        "created_at": instant(record.created_at),
        "as_of": record.as_of.isoformat(),
        "holdings_version": runtime.runs.holdings_version(record.portfolio_id),
        "portfolio_value": headline.get("portfolio_value"),
        "value_to_trade": value,
        "trades": headline.get("trades"),
        "turnover": headline.get("turnover"),
        "total_cost": headline.get("total_cost"),
        "approval": told(approval, instant),
    }


def waiting(
    runtime: Runtime,
    *,
    states: Sequence[ApprovalState] = OPEN,
    portfolio_id: str | None = None,
    among: frozenset[str] | None = None,
    of: Principal | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[RunRecord]:
    """Proposals that stand so, the newest first, after a run's id. of: those alone that this one may decide."""
    if not runtime.has_store:
        return []
    found = _all(runtime, states, portfolio_id, among, after)
    return list(islice((record for record in found if of is None or may_decide(record, of, runtime)), limit))


def _all(
    runtime: Runtime, states: Sequence[ApprovalState], portfolio_id: str | None, among: frozenset[str] | None, after: str | None
) -> Iterator[RunRecord]:
    while True:
        page = runtime.runs.runs(portfolio_id=portfolio_id, among=among, approval=states, after=after, limit=AT_ONCE)
        yield from page
        if len(page) < AT_ONCE:
            return
        after = page[-1].run_id


def may_decide(record: RunRecord, who: Principal, runtime: Runtime) -> bool:
    """Whether it is theirs to approve: they may, did not approve it yet, and others proposed it where the policy wants that."""
    approval = record.approval
    if not (who.may("approve") and who.sees(record.portfolio_id)) or approval is None or who.subject in approval.approved_by:
        return False
    return not wants_other_eyes(record) or who.subject not in runtime.ledger.proposers(record.portfolio_id, record.run_id)


def waits(run_id: str, runtime: Runtime) -> tuple[str, datetime | None] | None:
    """For what a proposal waits, in words, and until when; None for one that is decided, or too late, which ends it."""
    if runtime.runs.expire(run_id):
        return None
    record = runtime.runs.get(run_id, verified=False)
    if record.status is not RunStatus.AWAITING_APPROVAL:
        return None
    approval = record.approval
    if approval is None:
        return awaits(record), None
    is_held = approval.state_at(datetime.now(UTC)) is ApprovalState.HELD
    return awaits(record, approval.held_until if is_held else None), approval.expires_at


def history(record: RunRecord, runtime: Runtime, instant: Instant) -> dict[str, Any]:
    """Everything that was decided about one proposal, in order, and whether the chain that it stands in holds."""
    broken = next(iter(runtime.ledger.verify(record.portfolio_id)), None)
    entries = runtime.ledger.of_run(record.portfolio_id, record.run_id)
    return {
        "run_id": record.run_id,
        "portfolio_id": record.portfolio_id,
        "status": record.status.value,
        "approval": told(record.approval, instant),
        "entries": [{**plain(entry), "at": instant(entry.at)} for entry in entries],
        "intact": broken is None,
        "broken": plain(broken),
    }

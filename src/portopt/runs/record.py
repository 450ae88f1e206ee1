"""The record of a rebalance: what may be asked at all, then begun, and completed or failed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from portopt.domain.canonical import canonical_json, digest
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.text import visible
from portopt.runs.identity import as_read, run_identity


def accepted(request: RebalanceRequest) -> RebalanceRequest:
    """The request as a replay will read it: what cannot be stored and read back is refused before any work is done.

    Raises InvalidValue, naming the field, for text that no one can see or store, and for values that no reader accepts.
    """
    from portopt.dialects.requests import rebalance_request_from_data, rebalance_request_to_data

    data = rebalance_request_to_data(request)
    again = rebalance_request_from_data(json.loads(json.dumps(data)))  # escaped: half a character is named where it stands
    stored = _as_stored(rebalance_request_to_data(again))
    if stored != _as_stored(data) and rebalance_request_from_data(json.loads(stored)).identity() != again.identity():
        why = "reads otherwise each time it is stored: no replay is possible"
        raise InvalidValue("request", request.holdings.portfolio_id, why)
    return again


def _as_stored(data: Mapping[str, object]) -> bytes:
    try:
        return canonical_json(data)
    except UnicodeEncodeError as error:
        word = visible(str(error.object)[max(0, error.start - 20) : error.end + 20])
        why = "holds half a character, which no file and no database can"
        raise InvalidValue("request", word, why, fix="type it anew") from None


def begun(request: RebalanceRequest, snapshot: MarketSnapshot, now: datetime) -> RunRecord:
    """The record of a run that has its data and starts to work."""
    from portopt.dialects.requests import rebalance_request_to_data

    return RunRecord(
        run_id=run_identity(request, snapshot),
        kind="rebalance",
        portfolio_id=request.holdings.portfolio_id,
        status=RunStatus.PROCESSING,
        request=rebalance_request_to_data(as_read(request, snapshot)),
        pricing_pack_id=snapshot.pricing_pack_id,
        as_of=snapshot.as_of,
        created_at=now,
    )


def completed(
    begun_record: RunRecord,
    document: Mapping[str, object],
    text: str,
    now: datetime,
    *,
    timings: Mapping[str, float],
    await_approval: bool = False,
) -> RunRecord:
    """The finished record, ready for the one transaction that stores it. text: the document's canonical one."""
    return dataclasses.replace(
        begun_record,
        status=RunStatus.AWAITING_APPROVAL if await_approval else RunStatus.COMPLETED,
        completed_at=now,
        document=document,
        document_digest=digest(text.encode()),
        timings=dict(timings),
    )


def failed(begun: RunRecord, error: PortoptError) -> RunRecord:
    """The record of a run that ended without a proposal, with its problem object."""
    status = RunStatus.INFEASIBLE if error.code == "infeasible" else RunStatus.FAILED
    return dataclasses.replace(begun, status=status, completed_at=datetime.now(UTC), problem=error.problem())

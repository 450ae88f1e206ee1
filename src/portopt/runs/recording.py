"""What is kept of a run: its record from begun to completed, the event it releases, the one transaction, its report."""

from __future__ import annotations

import dataclasses
import json
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from portopt.domain.canonical import canonical_json, digest
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import Event, RunRecord, RunStatus
from portopt.domain.text import visible
from portopt.pipeline import as_read, run_identity
from portopt.ports import RunStore


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


def event_of(outcome_record: RunRecord) -> Event:
    """`PortfolioOptimized`, in S1's words; its id comes from the run's, so a repeat is recognised everywhere."""
    from portopt.dialects.strategy import rebalance_event_body

    occurred_at = outcome_record.completed_at or datetime.now(UTC)
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{outcome_record.run_id}:portfolio_optimized"))
    return Event(
        event_id=event_id,
        type="portfolio_optimized",
        key=outcome_record.portfolio_id,
        body=rebalance_event_body(outcome_record, event_id),
        occurred_at=occurred_at,
    )


def persist(record: RunRecord, runs: RunStore, since: int | None = None) -> bool:
    """Result, projection and event in one transaction; False when this run was complete already.

    since: the version of the portfolio's holdings when the question began, where the run's own are declared with it.
    """
    event = None if record.status is RunStatus.AWAITING_APPROVAL else event_of(record)
    return runs.complete(record, event, since=since)


def renewed(stored: RunRecord, runs: RunStore, *, await_approval: bool = False, since: int | None = None) -> RunRecord:
    """A complete run that is asked for again: its holdings are declared, its event is in the outbox if it is released."""
    released = dataclasses.replace(stored, status=RunStatus.COMPLETED)
    return runs.renew(stored, None if await_approval else event_of(released), since=since)


def with_report(record: RunRecord, runs: RunStore, folder: Path, text: str | None = None) -> RunRecord:
    """The run with its report, written if it is not there. text: the document's canonical one, where it is at hand.

    One that cannot be written is none on the record, and holds nothing up: `portopt report` makes it from the document.
    """
    from portopt.analysis import Attempts
    from portopt.reports.page import write_report

    document = record.document
    if document is None or (record.report_path is not None and Path(record.report_path).is_file()):
        return record
    path, said = folder / f"{record.run_id}.html", Attempts()
    written = said.attempt("the report", lambda: write_report(document, path, text))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)
    if written is None:
        return record
    runs.report_written(record.run_id, str(written))
    return dataclasses.replace(record, report_path=str(written))

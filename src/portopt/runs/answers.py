"""What a question that is no rebalance leaves in the store, where there is one: what was asked, and what came out.

A question leaves its rows from every door, and needs no store to be answered: without one nothing is made, and an answer that
cannot be kept is given all the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from portopt.domain.backtest import BacktestRequest
from portopt.domain.canonical import canonical_text, digest, plain
from portopt.domain.request import OptimizationRequest, RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs.apart import request_to_store
from portopt.runs.events import EVENTFUL, deliver_if_possible, released

if TYPE_CHECKING:
    from portopt.runtime import Runtime

Asked: TypeAlias = OptimizationRequest | RebalanceRequest | BacktestRequest
PREFIXES = {
    "optimize": "opt",
    "frontier": "fro",
    "factors": "fac",
}
ANY_OTHER = "ask"
VERSION = "1"  # part of every answer's identity: a new meaning of a document is a new answer
TIME = "optimization_time_ms"  # S1 wants it in its metadata; a document knows no clock


def keep(
    kind: str,
    request: Asked,
    document: Mapping[str, Any],
    runtime: Runtime | None = None,
    **asked: Any,
) -> str | None:
    """Leave an answer in this installation's store; its id, or None where there is no store.

    kind: the question's name. document: the answer as data. asked: what was asked beside the request; `about`: which run it is
    asked about. runtime: the service's, whose relay delivers the answer's event, where it has one; without one this process
    delivers it itself, if it can.
    The same question with the same answer is one record, however often it is asked.
    """
    kept = _kept_if_possible(kind, [(request, document)], runtime, asked)
    return kept[0] if kept else None


def kind_of_weights(request: Asked) -> str:
    """As which question certified weights are kept. Of a book they are told and decide nothing: that is a proposal's to do, so
    no event is released, and no row says that the portfolio was optimized.
    """
    return "optimize" if isinstance(request, OptimizationRequest) else "weights"


def keep_all(
    kind: str, answered: Sequence[tuple[Asked, Mapping[str, Any]]], runtime: Runtime | None = None, **asked: Any
) -> list[str]:
    """Many answers of one kind, in one transaction; their ids, none where there is no store."""
    return _kept_if_possible(kind, answered, runtime, asked)


def _kept_if_possible(
    kind: str, answered: Sequence[tuple[Asked, Mapping[str, Any]]], runtime: Runtime | None, asked: Mapping[str, Any]
) -> list[str]:
    from portopt.analysis import Attempts

    if not answered or (runtime is None and nothing_is_kept_here()):
        return []
    said = Attempts()
    kept = said.attempt("the record of the answer", lambda: _kept(kind, answered, runtime, asked))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)
    return kept or []


def _kept(
    kind: str, answered: Sequence[tuple[Asked, Mapping[str, Any]]], runtime: Runtime | None, asked: Mapping[str, Any]
) -> list[str]:
    from portopt.runtime import runtime as this_process

    store = runtime or this_process()
    if not store.has_store:
        return []
    now = datetime.now(UTC)
    records = [
        record_of(kind, request, document, asked, now, request_to_store(request, store.beliefs))
        for request, document in answered
    ]
    store.runs.complete_all([(record, released(record)) for record in records])
    if runtime is None and kind in EVENTFUL:  # a command, or a notebook: nobody else may come to deliver
        deliver_if_possible(store)
    return [record.run_id for record in records]


def record_of(
    kind: str,
    request: Asked,
    document: Mapping[str, Any],
    asked: Mapping[str, Any],
    now: datetime,
    stored: Mapping[str, Any] | None = None,
) -> RunRecord:
    """The answer as a completed run. Its id comes from what was asked and from the pack, if it rests on one.

    stored: the request as it is to be stored; else all of it, written out.
    """
    timeless, seconds = _without_time(plain(document))
    pack, as_of = _rests_on(timeless)
    return RunRecord(
        run_id=answer_id(kind, request, asked, pack, as_of),
        kind=kind,
        portfolio_id=portfolio_of(request),
        status=RunStatus.COMPLETED,
        request={**(plain(request) if stored is None else stored), "asked": plain(dict(asked))},
        pricing_pack_id=None if isinstance(request, OptimizationRequest) else pack,
        as_of=as_of or now.date(),
        created_at=now,
        completed_at=now,
        document=timeless,
        document_digest=digest(canonical_text(timeless).encode()),
        timings={} if seconds is None else {"optimize": seconds},
        about_run=asked.get("about"),
    )


def id_of(kind: str, request: Asked, document: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The id that the answer is kept under."""
    return answer_id(kind, request, asked, *_rests_on(document))


def answer_id(kind: str, request: Asked, asked: Mapping[str, Any], pack: str | None, as_of: date | None) -> str:
    """The run's id: of what was asked and of the prices it rests on."""
    content = digest(request.identity(), kind, asked, pack, VERSION)[:20]
    dated = f"{as_of:%Y%m%d}-" if as_of else ""
    return f"{PREFIXES.get(kind, ANY_OTHER)}-{dated}{content}"


def portfolio_of(request: Asked) -> str:
    """Whose portfolio it is; a backtest is its policy's, no book is asked about."""
    if isinstance(request, BacktestRequest):
        return f"backtest:{request.policy.id}"[:64]
    return request.holdings.portfolio_id if isinstance(request, RebalanceRequest) else request.portfolio_id


def _rests_on(document: Mapping[str, Any]) -> tuple[str | None, date | None]:
    """The pricing pack that a document names, and the day up to which."""
    data = document.get("data")
    where = data if isinstance(data, Mapping) and "pricing_pack_id" in data else document
    given = where.get("as_of") or where.get("last")
    return where.get("pricing_pack_id"), date.fromisoformat(str(given)[:10]) if given else None


def _without_time(document: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
    """The document without its one reading of a clock, and that, in seconds."""
    metadata = document.get("optimization_metadata")
    if not isinstance(metadata, dict) or TIME not in metadata:
        return document, None
    rest = {name: value for name, value in metadata.items() if name != TIME}
    return {**document, "optimization_metadata": rest}, float(metadata[TIME]) / 1000.0


def nothing_is_kept_here() -> bool:
    """Whether this process can do without looking: settings and a database library take longer than most questions."""
    named = {name.lower(): value for name, value in os.environ.items()}
    if "portopt_database_url" in named or Path(".env").exists():
        return False
    home = named.get("portopt_home") or Path(named.get("xdg_data_home") or "~/.local/share") / "portopt"
    return not os.path.exists(os.path.expanduser(Path(home) / "portopt.db"))

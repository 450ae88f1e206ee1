"""Questions about runs that were made: why, again, what changed, which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt import pipeline
from portopt.domain.canonical import canonical_json, digest, plain
from portopt.domain.errors import InvalidValue, MissingInput, OutsideError, UnknownRun
from portopt.domain.run import RunRecord

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def explain(run_id: str, runtime: Runtime) -> dict[str, Any]:
    """Why each trade, and what each binding limit costs, from the stored document."""
    record = run_record(run_id, runtime)
    document = record.document
    if document is None:
        return {"run_id": run_id, "status": record.status.value, "problem": record.problem}
    keys = ("verdict", "left_out", "objective", "risk_aversion", "proposal", "trades", "limit_prices", "limits", "relaxations")
    return {"run_id": run_id, "status": record.status.value, **{k: document[k] for k in (*keys, "risk") if k in document}}


def report(run_id: str, runtime: Runtime, path: Path | None = None) -> dict[str, Any]:
    """Write the page of a run from its stored document; to its place under the home of this installation, or to `path`.

    Raises MissingInput for a run without a document, OutsideError where nothing can be written.
    """
    from portopt.reports.page import write_report

    record = run_record(run_id, runtime)
    if record.document is None:
        raise MissingInput(f"run {run_id} has no document (status {record.status.value})", field="run", value=run_id)
    try:
        written = write_report(record.document, path or runtime.settings.reports_path / f"{run_id}.html")
    except OSError as error:
        raise OutsideError(f"the report of {run_id} cannot be written: {error.strerror or error}") from None
    return {"run_id": run_id, "report_path": str(written)}


def replay(run_id: str, runtime: Runtime) -> dict[str, Any]:
    """Work the run out again from its stored request and pricing pack, and compare bytes."""
    from portopt.dialects.requests import rebalance_request_from_data

    record = run_record(run_id, runtime)
    if record.document is None or record.pricing_pack_id is None:
        raise MissingInput(
            f"run {run_id} has no document to compare with (status {record.status.value})", field="run", value=run_id
        )
    request = rebalance_request_from_data(record.request)
    # The pack is its prices alone and remembers who brought them first; this run may have had them from somewhere else, and
    # what was said of reading them is in its request.
    source = record.document["pricing_pack"]["source"]
    snapshot = replace(pipeline.reopen(request, record.pricing_pack_id, runtime.packs), source=source, notes=())
    document, _ = pipeline.work(request, snapshot, frontier=_has_frontier(record.document))
    replayed = digest(canonical_json(document))
    return {
        "run_id": run_id,
        "pricing_pack_id": record.pricing_pack_id,
        "same": replayed == record.document_digest,
        "digest": record.document_digest,
        "replayed_digest": replayed,
    }


def _has_frontier(document: Mapping[str, Any]) -> bool:
    """Whether a frontier was asked for: it is there, or its reason not to be."""
    tried = document.get("frontier") is not None
    return tried or any(left["part"] == pipeline.FRONTIER for left in document.get("left_out", ()))


def packs_difference(a: str, b: str, runtime: Runtime) -> dict[str, Any]:
    """What changed in the data between two packs (or the packs of two runs), and in the decision between two runs."""
    from portopt.reports.difference import decision_difference

    for name, key in (("a", a), ("b", b)):
        if not key.startswith(("reb-", "pack-")):
            raise InvalidValue(name, key, "is neither a run (reb-…) nor a pricing pack (pack-…)", fix="see `portopt runs`")
    runs = {key: run_record(key, runtime) for key in (a, b) if key.startswith("reb-")}
    ids = [runs[key].pricing_pack_id if key in runs else key for key in (a, b)]
    answer: dict[str, Any] = {"a": a, "b": b, "data": plain(runtime.packs.difference(str(ids[0]), str(ids[1])))}
    first, second = (_decision_on(key, runs, runtime) for key in (a, b))
    if first is not None and second is not None:
        answer["decision"] = decision_difference(first, second)
    return answer


def _decision_on(key: str, named: Mapping[str, RunRecord], runtime: Runtime) -> Mapping[str, Any] | None:
    if key in named:
        return named[key].document
    on_pack = [r for r in runtime.runs.runs(limit=500) if r.pricing_pack_id == key]
    complete = [r for r in (runtime.runs.get(r.run_id) for r in on_pack) if r.document is not None]
    return complete[0].document if complete else None


def runs(runtime: Runtime, *, portfolio_id: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """The newest runs, a line each."""
    if not runtime.has_store:
        return []
    return [run_line(r) for r in runtime.runs.runs(portfolio_id=portfolio_id, limit=limit)]


def run_line(record: RunRecord) -> dict[str, Any]:
    headline = (record.document or {}).get("headline", {})
    return {
        "run_id": record.run_id,
        "portfolio_id": record.portfolio_id,
        "status": record.status.value,
        "as_of": record.as_of.isoformat(),
        "created_at": record.created_at.isoformat(),
        "pricing_pack_id": record.pricing_pack_id,
        "trades": headline.get("trades"),
        "turnover": headline.get("turnover"),
        "report_path": record.report_path,
        "problem": record.problem,
    }


def run_record(run_id: str, runtime: Runtime) -> RunRecord:
    """Raises UnknownRun, naming the most recent runs."""
    if not runtime.has_store:
        raise UnknownRun(run_id)
    try:
        return runtime.runs.get(run_id)
    except UnknownRun:
        raise UnknownRun(run_id, [r.run_id for r in runtime.runs.runs(limit=5)]) from None

"""Questions about runs that were made: why, again, what changed, which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt import pipeline
from portopt.document.difference import first_differences
from portopt.domain.canonical import plain
from portopt.domain.errors import DataError, InvalidValue, MissingInput, OutsideError, UnknownRun
from portopt.domain.job import THROUGH_TIME
from portopt.domain.run import RunRecord, digest_of
from portopt.ports import PackStore
from portopt.runs.approval_told import iso, told
from portopt.runs.choices import chosen_from
from portopt.runs.identity import run_identity
from portopt.runs.report import kept_report, page_of, report_place

if TYPE_CHECKING:
    from portopt.runtime import Runtime

AT_ONCE, LOOKED_THROUGH = 500, 20  # runs, and how often so many, for the last proposals of a policy
KINDS = (
    *("rebalance", "optimize", "weights", "frontier", "factors", "risk", "views", "sensitivity", "pareto", "lexicographic"),
    *("periods", "forecasts", "alternatives", "edit", "what_if", *THROUGH_TIME),
)


def explain(run_id: str, runtime: Runtime) -> dict[str, Any]:
    """Why each trade, and what each binding limit costs, from the stored document."""
    record = require_rebalance(run_record(run_id, runtime))
    document = record.document
    if document is None:
        return {"run_id": run_id, "status": record.status.value, "problem": record.problem}
    keys = ("verdict", "left_out", "objective", "risk_aversion", "proposal", "trades", "limit_prices", "limits", "relaxations")
    told = {k: document[k] for k in (*keys, "risk") if k in document}
    chosen = chosen_from([run_id], runtime).get(run_id)
    return {"run_id": run_id, "status": record.status.value, "chosen_from": chosen, **told}


def report(run_id: str, runtime: Runtime, path: Path | None = None) -> dict[str, Any]:
    """Write the page of a run from its stored document; to its place under the home of this installation, or to `path`.

    Raises MissingInput for a run without a document, OutsideError where nothing can be written.
    """
    from portopt.reports.files.exports import write_whole

    record = run_record(run_id, runtime)
    if record.kind not in THROUGH_TIME:
        require_rebalance(record)
    if record.document is None:
        raise MissingInput(f"run {run_id} has no document (status {record.status.value})", field="run", value=run_id)
    try:
        written = write_whole(path or report_place(run_id, runtime), page_of(record, runtime).encode())
    except OSError as error:
        raise OutsideError(f"the report of {run_id} cannot be written: {error.strerror or error}") from None
    return {"run_id": run_id, "report_path": str(written)}


def replay(run_id: str, runtime: Runtime, *, mend: bool = False) -> dict[str, Any]:
    """Work the run out again from its stored request and pricing pack, and compare: with the document as it stands in the
    store, and with the digest that was kept of it.

    mend: put the document back where it was damaged, if it comes out as it was stored.
    """
    record = require_rebalance(run_record(run_id, runtime, verified=False))
    if record.document is None or record.pricing_pack_id is None:
        raise MissingInput(
            f"run {run_id} has no document to compare with (status {record.status.value})", field="run", value=run_id
        )
    document = worked_out_again(record, record.pricing_pack_id, runtime.packs)
    stored, replayed = digest_of(record.document), digest_of(document)
    mended = mend and stored != record.document_digest and replayed == record.document_digest
    if mended:
        runtime.runs.put_document(replace(record, document=document))
        stored = replayed
    return {
        "run_id": run_id,
        "pricing_pack_id": record.pricing_pack_id,
        "same": stored == replayed == record.document_digest,
        "digest": record.document_digest,
        "stored_digest": stored,
        "replayed_digest": replayed,
        "differences": [] if stored == replayed else first_differences(record.document, plain(document)),
        "mended": mended,
    }


def worked_out_again(record: RunRecord, pricing_pack_id: str, packs: PackStore) -> dict[str, Any]:
    """The document of a rebalance, from its request and its pack alone. Raises DataError for a request that is another's."""
    from portopt.dialects.requests import rebalance_request_from_data

    request = rebalance_request_from_data(record.request)
    # The pack is its prices alone and remembers who brought them first; this run may have had them from somewhere else, and
    # what was said of reading them is in its request.
    snapshot = replace(pipeline.reopen_pack(request, pricing_pack_id, packs), notes=())
    if (named := run_identity(request, snapshot)) != record.run_id:
        raise DataError(
            f"the stored request of {record.run_id} is not the one that was asked: with it the run is {named}",
            field="run",
            value=record.run_id,
            fixes=["ask for the rebalance again, or restore the database from a backup"],
        )
    document = record.document or {}
    source = _object(document, "pricing_pack").get("source", snapshot.source)
    # What a damaged document says of its own options cannot be relied on: the digest tells which of them they were.
    choices = (True, False) if not record.is_whole else (_has_frontier(document),)
    found: dict[str, Any] = {}
    for frontier in choices:
        found, _ = pipeline.work(request, replace(snapshot, source=str(source)), run_id=record.run_id, frontier=frontier)
        if digest_of(found) == record.document_digest:
            break
    return found


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _has_frontier(document: Mapping[str, Any]) -> bool:
    """Whether a frontier was asked for: it is there, or its reason not to be."""
    tried = document.get("frontier") is not None
    return tried or any(left["part"] == pipeline.FRONTIER for left in document.get("left_out", ()))


def packs_difference(a: str, b: str, runtime: Runtime) -> dict[str, Any]:
    """What changed in the data between two packs (or the packs of two runs), and in the decision between two runs."""
    from portopt.document.difference import decision_difference

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
    on_pack = [r for r in runtime.runs.runs(limit=500) if r.pricing_pack_id == key and r.kind == "rebalance"]
    complete = (runtime.runs.get(r.run_id) for r in on_pack)
    return next((r.document for r in complete if r.document is not None), None)


def runs(runtime: Runtime, *, limit: int = 50, **only: Any) -> list[dict[str, Any]]:
    """The newest runs, a line each. only: by portfolio_id, kind, status, since, until, and after a run's id, as ports.runs."""
    if not runtime.has_store:
        return []
    found = runtime.runs.runs(limit=limit, **only)
    chosen = chosen_from([run.run_id for run in found], runtime)
    return [{**run_line(run, runtime), "chosen_from": chosen.get(run.run_id)} for run in found]


def proposals_under(policy_id: str, runtime: Runtime, *, limit: int, among: frozenset[str] | None = None) -> list[str]:
    """The newest proposals that a policy asked for, by id; of the portfolios that are seen. Not looked for for ever."""
    found: list[str] = []
    last: str | None = None
    for _ in range(LOOKED_THROUGH if runtime.has_store else 0):
        read = runtime.runs.runs(kind="rebalance", among=among, after=last, limit=AT_ONCE)
        found += [run.run_id for run in read if run.document is not None and policy_of(run) == policy_id]
        if len(found) >= limit or len(read) < AT_ONCE:
            break
        last = read[-1].run_id
    return found[:limit]


def require_rebalance(record: RunRecord) -> RunRecord:
    """Raises InvalidValue for the record of another question, which has no trades to explain or to report."""
    if record.kind == "rebalance":
        return record
    why = f"is the answer to `portopt {record.kind}`, and this is asked of rebalances"
    raise InvalidValue("run", record.run_id, why, fix="`portopt runs` lists them: their ids begin with reb-")


def run_line(record: RunRecord, runtime: Runtime) -> dict[str, Any]:
    """One run, with the place of its report in this installation."""
    page = kept_report(record.run_id, runtime)
    headline = (record.document or {}).get("headline", {})
    return {
        "run_id": record.run_id,
        "kind": record.kind,
        "portfolio_id": record.portfolio_id,
        "policy": policy_of(record),
        "status": record.status.value,
        "approval": told(record.approval, iso),
        "as_of": record.as_of.isoformat(),
        "created_at": record.created_at.isoformat(),
        "pricing_pack_id": record.pricing_pack_id,
        "trades": headline.get("trades"),
        "turnover": headline.get("turnover"),
        "portfolio_value": headline.get("portfolio_value"),
        "total_cost": headline.get("total_cost"),
        "report_path": None if page is None else str(page),
        "problem": record.problem,
    }


def policy_of(record: RunRecord) -> str | None:
    """The id of the policy that was asked under; None where none was."""
    policy = record.request.get("policy")
    return str(policy["id"]) if isinstance(policy, Mapping) and "id" in policy else None


def run_record(run_id: str, runtime: Runtime, *, verified: bool = True) -> RunRecord:
    """Raises UnknownRun, naming the most recent runs; DataError for a changed document, unless it need not be `verified`."""
    if not runtime.has_store:
        raise UnknownRun(run_id)
    try:
        return runtime.runs.get(run_id, verified=verified)
    except UnknownRun:
        raise UnknownRun(run_id, [r.run_id for r in runtime.runs.runs(limit=5)]) from None

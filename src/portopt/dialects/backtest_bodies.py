"""What is sent to have a backtest, a walk-forward or a comparison worked out, and what is told of it until it is ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from portopt.dialects.backtests import in_force, read_execution, read_options, rounding_of, walk_from_data
from portopt.dialects.books import instant
from portopt.dialects.exact import read_date, read_decimal
from portopt.dialects.policies import read_policy
from portopt.dialects.reading import list_of, mapping_of, object_of, required, text, whole_number
from portopt.dialects.requests import read_universe
from portopt.domain.errors import InvalidValue
from portopt.domain.job import Job
from portopt.domain.request import Policy
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.universe import Universe
from portopt.domain.walk import WalkForward

OPTIONS = ("currency", "start", "end", "benchmark", "members", "actions", "rounding", "prove", "seed")
NAMED = ("portfolio_id", "pricing_pack_id", "provider", "policy", "policies", "universe", "capital", "rebalance",
         "execution", "cash_flows")  # fmt: skip
BACKTEST = (*NAMED, *OPTIONS)
OF_ONE = ("policy", "policies", "prove")  # a comparison has several, and no proof
FIELDS = {
    "backtest": BACKTEST,
    "walk_forward": (*BACKTEST, "windows"),
    "comparison": (*(name for name in BACKTEST if name not in OF_ONE), "strategies", "frontier"),
}
IDS = {"backtest": "backtest_id", "walk_forward": "walk_forward_id", "comparison": "comparison_id"}
MOST_STRATEGIES = 50
USUAL_CAPITAL, USUAL_REBALANCE = "1000000", "monthly"
MOST_DATED = 10_000
OWN = "own"  # a policy that comes with the body and has no name
# Of the document: what is long is to be had whole under its run.
LONG = (
    "days", "monthly", "yearly", "rolling", "rebalances", "trades", "happenings", "unfilled", "assets", "attribution",
    "request",
)  # fmt: skip


Dated: TypeAlias = tuple[date, str | Policy]


@dataclass(frozen=True, slots=True)
class Body:
    """body: word for word. policy: an id, a whole one, or None for the portfolio's. rebalance: words or objects, not yet read.

    execution: what is said of it in place of the policy's own costs. options: the other fields of a BacktestRequest, by name.
    later: policies, whole or by id, by the day from which each decides. walk: the windows of a walk-forward. strategies:
    of a comparison, whole policies or ids; points: so many of the frontier of one.
    """

    body: Mapping[str, Any]
    portfolio_id: str
    pricing_pack_id: str | None = None
    provider: str | None = None
    policy: str | Policy | None = None
    capital: Decimal = Decimal(USUAL_CAPITAL)
    rebalance: Any = USUAL_REBALANCE
    universe: Universe | None = None
    execution: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    later: tuple[Dated, ...] = ()
    walk: WalkForward | None = None
    strategies: tuple[str | Policy, ...] = ()
    points: int = 0

    @property
    def names_its_data(self) -> bool:
        """Whether the same words mean the same data tomorrow."""
        return self.pricing_pack_id is not None or self.options.get("end") is not None


def read_body(doc: Any, kind: str) -> Body:
    """kind: one of FIELDS. Raises MalformedDocument, UnknownField, InvalidValue, MissingInput with the path."""
    found = object_of(doc, "", FIELDS[kind])
    words: dict[str, Any] = {
        name: text(found[name], name) for name in ("pricing_pack_id", "provider") if found.get(name) is not None
    }
    if len(words) == 2:
        raise InvalidValue("provider", words["provider"], "stands beside pricing_pack_id: the prices come from one of the two")
    options, execution = _rounded(found, _options(found), _execution(found.get("execution")))
    return Body(
        body=found,
        portfolio_id=text(required(found, "portfolio_id"), "portfolio_id"),
        policy=_policy(found.get("policy"), "policy"),
        capital=_capital(found.get("capital")),
        rebalance=USUAL_REBALANCE if found.get("rebalance") is None else found["rebalance"],
        universe=_universe(found.get("universe")),
        execution=execution,
        options=options,
        later=read_later(_list(found, "policies")),
        walk=walk_from_data(found.get("windows") or {}, "windows") if kind == "walk_forward" else None,
        **(_strategies(found) if kind == "comparison" else {}),
        **words,
    )


def _strategies(found: Mapping[str, Any]) -> dict[str, Any]:
    """What stands side by side; the portfolio's policy where nobody says."""
    given = list_of(found.get("strategies") or [], "strategies", most=MOST_STRATEGIES)
    each = tuple(_policy(item, f"strategies[{i}]", f"{OWN} {i + 1}") for i, item in enumerate(given))
    points = whole_number(found.get("frontier") or 0, "frontier", low=0, high=MOST_STRATEGIES)
    return {"strategies": each, "points": points}


def _options(found: Mapping[str, Any]) -> dict[str, Any]:
    options = read_options({name: found[name] for name in OPTIONS if name in found and name != "rounding"})
    start, end = options.get("start"), options.get("end")
    if start is not None and end is not None and start > end:
        raise InvalidValue("start", start.isoformat(), f"is after the end, {end.isoformat()}", fix="exchange the two dates")
    flows = tuple(_flow(item, f"cash_flows[{i}]") for i, item in enumerate(_list(found, "cash_flows")))
    return {**options, **({"cash_flows": tuple(sorted(flows))} if flows else {})}


def _rounded(
    found: Mapping[str, Any], options: dict[str, Any], execution: Mapping[str, Any]
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """With what the rounding says of both."""
    words = found.get("rounding")
    if words is None:
        return options, execution
    rounding, fractional = rounding_of(text(words, "rounding"), fractional=execution.get("fractional") is True)
    return {**options, "rounding": rounding}, {**execution, "fractional": True} if fractional else execution


def read_later(items: Any, path: str = "policies") -> tuple[Dated, ...]:
    """[{"date": …, "policy": an id or a whole one, "known_from": …}] by date. Raises InvalidValue for one known too late."""
    return tuple(sorted((_dated(item, f"{path}[{i}]") for i, item in enumerate(items)), key=lambda dated: dated[0]))


def _list(found: Mapping[str, Any], name: str) -> Any:
    return list_of(found.get(name) or [], name, most=MOST_DATED)


def _dated(value: Any, path: str) -> Dated:
    doc = object_of(value, path, ("date", "policy", "known_from"))
    since = read_date(required(doc, "date", path), f"{path}.date")
    known = None if doc.get("known_from") is None else read_date(doc["known_from"], f"{path}.known_from")
    policy = _policy(required(doc, "policy", path), f"{path}.policy", f"{OWN} {since}")
    return in_force(since, known, f"{path}.date"), policy if policy is not None else OWN


def _flow(value: Any, path: str) -> tuple[date, Decimal]:
    """{"date": …, "amount": …}."""
    doc = object_of(value, path, ("date", "amount"))
    return read_date(required(doc, "date", path), f"{path}.date"), _amount(required(doc, "amount", path), f"{path}.amount")


def _capital(value: Any) -> Decimal:
    found = _amount(USUAL_CAPITAL if value is None else value, "capital")
    if found <= 0:
        raise InvalidValue("capital", str(found), "must be above zero: it is what the backtest begins with")
    return found


def _amount(value: Any, path: str) -> Decimal:
    """Money in cents: a text, or a number whose shortest decimal is meant."""
    found = read_decimal(repr(value) if isinstance(value, float) else value, path)
    if found != round(found, 2):
        raise InvalidValue(path, str(value), "is finer than a cent", fix=f'write "{round(found, 2)}"')
    return round(found, 2)


def _execution(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    read_execution(value)
    return dict(mapping_of(value, "execution"))


def _policy(value: Any, path: str, own: str = OWN) -> str | Policy | None:
    if value is None:
        return None
    if isinstance(value, str):
        return text(value, path, most=64)
    return read_policy({"id": own, "name": own, **mapping_of(value, path)}, path=path)


def _universe(value: Any) -> Universe | None:
    """{"assets": [{"id": …}]}, or a list of ids."""
    if value is None:
        return None
    assets = [{"id": item} for item in value] if isinstance(value, list) else None
    return read_universe(mapping_of(value, "universe") if assets is None else {"assets": assets})


def write_job(job: Job, run: RunRecord | None, usual_seconds: float | None) -> dict[str, Any]:
    """How far it is, and what came out once there is something. Facts that change stand alone, so that a stream tells them."""
    progress, document = job.progress or {}, {} if run is None or run.document is None else run.document
    is_open = not job.is_ended
    return {
        IDS[job.kind]: job.job_id,
        "portfolio_id": job.portfolio_id,
        "status": job.status.value,
        "created_at": instant(job.created_at),
        "completed_at": None if job.completed_at is None else instant(job.completed_at),
        "estimated_completion_time": _estimated(job, usual_seconds) if is_open else None,
        "percent": 100.0 if job.status is RunStatus.COMPLETED else progress.get("percent", 0.0 if is_open else None),
        "doing": progress.get("said") if is_open else None,
        "seconds_left": progress.get("seconds_left") if is_open else None,
        "run_id": job.run_id,
        "pricing_pack_id": None if run is None else run.pricing_pack_id,
        "request_hash": job.request_digest,
        "result": shortened(document) if document else None,
        "problem": job.problem or (None if run is None else run.problem),
    }


def shortened(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what is long, and how much of that there is."""
    counts = {name: len(document[name]) for name in LONG if isinstance(document.get(name), list)}
    rest = {name: value for name, value in document.items() if name not in LONG}
    if "strategies" in rest:  # of a comparison, each with its days
        rest["strategies"] = [{name: value for name, value in one.items() if name != "days"} for one in rest["strategies"]]
    return {**rest, "counts": counts}


def write_line(job: Job) -> dict[str, Any]:
    """One of a list."""
    about = {IDS[job.kind]: job.job_id, "portfolio_id": job.portfolio_id, "status": job.status.value}
    percent = (job.progress or {}).get("percent", 0.0) if not job.is_ended else None
    return {**about, "created_at": instant(job.created_at), "percent": percent, "run_id": job.run_id,
            "request_hash": job.request_digest}  # fmt: skip


def _estimated(job: Job, usual_seconds: float | None) -> str | None:
    return None if usual_seconds is None else instant(job.created_at + timedelta(seconds=usual_seconds))

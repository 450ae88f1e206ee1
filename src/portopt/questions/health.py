"""Is this installation fit to work? Each check measures one thing and says what to do when it fails."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from portopt.domain.errors import DataError, PortoptError
from portopt.domain.found import Check, Health
from portopt.runs.broker import examined

if TYPE_CHECKING:
    from portopt.runtime import Runtime

CARD = (
    "prefect", "polars", "duckdb", "cvxpy", "pyportfolioopt", "numpy", "scipy", "sqlalchemy", "psycopg", "pulsar-client",
    "piqp", "clarabel", "highspy",
)  # fmt: skip
ROOM_BYTES = 1_000_000_000
UNFINISHED_SECONDS = 3600.0  # a run takes minutes, and its steps have time limits below this
LATE_SECONDS = 900.0  # a notice leaves within a look or two
SHOWN = 5
MEND = "ask for the same rebalance again: the same prices make the same pack anew; or restore it from a backup"


def doctor(runtime: Runtime) -> Health:
    """Every check, in the order a person would fix them."""
    checks: tuple[tuple[str, Callable[[Runtime], str], str], ...] = (
        ("python", _python, "install Python 3.11 or newer"),
        ("packages", _packages, "reinstall: `pip install portfolio-optimization-service`"),
        ("home", _home, "set PORTOPT_HOME to a folder you may write to, with room"),
        ("store", _store, "check PORTOPT_DATABASE_URL, then run `portopt db upgrade`"),
        ("pricing packs", _packs, MEND),
        ("runs", _runs, "`portopt replay RUN --mend` puts a damaged document back"),
        ("policies", _policies, "run `portopt policies seed`"),
        ("solvers", _solvers, "reinstall piqp, clarabel and highspy"),
        ("prices", _prices, "check PORTOPT_MARKET and its settings"),
        ("prefect", _prefect, "pip install 'prefect>=3.8.8,<3.10' 'fastapi>=0.139,<0.151'"),
        ("events", _events, "run `portopt relay`, then read the log of the broker"),
        ("alerts", _alerts, "`portopt alerts channels` says what waits, and for what"),
        ("litter", _litter, "delete what is named"),
    )
    return Health(tuple(_run(name, check, fix, runtime) for name, check, fix in checks))


def _run(name: str, check: Callable[[Runtime], str], fix: str, runtime: Runtime) -> Check:
    try:
        return Check(name, True, check(runtime), None)
    except PortoptError as error:
        return Check(name, False, error.detail, (error.fixes or (fix,))[0])
    except Exception as error:  # a check must report whatever breaks, not die of it
        return Check(name, False, f"{type(error).__name__}: {error}", fix)


def _python(_: Runtime) -> str:
    return sys.version.split()[0]


def _packages(_: Runtime) -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in CARD)


def _home(runtime: Runtime) -> str:
    free = shutil.disk_usage(runtime.home).free
    if not os.access(runtime.home, os.W_OK):
        raise PortoptError(f"{runtime.home} is not writable")
    if free < ROOM_BYTES:
        raise PortoptError(f"{runtime.home} has {free / 1e9:.1f} GB left")
    return f"{runtime.home}, {free / 1e9:.0f} GB free"


def _store(runtime: Runtime) -> str:
    return ", ".join(f"{key} {value}" for key, value in runtime.runs.health().items())


def _packs(runtime: Runtime) -> str:
    ids = runtime.packs.ids()
    faults = [why for pack_id in ids if (why := _fault(partial(runtime.packs.get, pack_id))) is not None]
    needed = runtime.runs.packs_needed() if runtime.has_store else frozenset()
    faults += [f"{pack_id} is missing, and runs rest on it" for pack_id in sorted(needed - set(ids))]
    _require_none(faults)
    return f"{len(ids)} packs, every digest verified; every run has its pack"


def _runs(runtime: Runtime) -> str:
    if not runtime.has_store:
        return "none yet"
    found = runtime.runs.examine()
    old = [(run_id, age) for run_id, age in found.unfinished if age > UNFINISHED_SECONDS]
    _require_none(
        [f"the document of {run_id} is not the one that was stored" for run_id in found.damaged],
        fix=f"`portopt replay {found.damaged[0]} --mend` works it out again and puts it back" if found.damaged else None,
    )
    _require_none(
        [f"{run_id} was begun {age / 3600:.0f} hours ago and never ended" for run_id, age in old],
        fix=f"start the same rebalance again: it goes on; or `portopt cancel {old[0][0]}`" if old else None,
    )
    return f"every document verified, {len(found.unfinished)} at work"


def _fault(check: Callable[[], object]) -> str | None:
    try:
        check()
    except PortoptError as error:
        return error.detail
    return None


def _require_none(faults: Sequence[str], fix: str | None = None) -> None:
    """Raises one error that tells them all, up to SHOWN of them."""
    if faults:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise DataError("; ".join([*faults[:SHOWN], *more]), measured={"faults": len(faults)}, fixes=[fix] if fix else ())


def _policies(runtime: Runtime) -> str:
    from portopt.questions.policies import policies

    return ", ".join(p.id for p in policies(runtime))


def _solvers(_: Runtime) -> str:
    """One closed form through every solver: the minimum-variance weights of two uncorrelated assets."""
    from portopt.domain.moments import Covariance, Moments
    from portopt.domain.problem import Problem
    from portopt.domain.universe import Universe
    from portopt.optimization import optimize
    from portopt.terms.catalog import parse_limits, parse_objective

    variances = np.array([0.04, 0.09])
    expected = (1 / variances) / (1 / variances).sum()
    moments = Moments(Universe.of(["A", "B"]), np.zeros(2), Covariance(Sigma=np.diag(variances)))
    limits = parse_limits({"budget": True, "long_only": True})
    problem = Problem(moments, parse_objective({"kind": "min_risk"}), limits)
    for solver in ("structured", "piqp-dense", "piqp-sparse", "clarabel"):
        weights = optimize(problem, solver=solver).weights
        if weights is None or np.abs(weights - expected).max() > 1e-9:
            raise PortoptError(f"{solver} gives {weights}, the closed form {expected}")
    best = optimize(problem.replaced(objective=parse_objective({"kind": "max_return"})), solver="highs").weights
    if best is None or abs(best.sum() - 1.0) > 1e-9:
        raise PortoptError(f"highs gives {best} for a linear program")
    return "structured, piqp-dense, piqp-sparse and clarabel agree with the closed form; highs solves a linear program"


def _prices(runtime: Runtime) -> str:
    market = runtime.market(runtime.settings.market)
    return f"{market.name}: {market.source}"


def _prefect(_: Runtime) -> str:
    """The combination of prefect and fastapi that breaks does so on this import."""
    import importlib

    importlib.import_module("prefect.server.api.server")
    return f"prefect {importlib.metadata.version('prefect')} with fastapi {importlib.metadata.version('fastapi')}"


def _events(runtime: Runtime) -> str:
    if not runtime.has_store:
        return f"{runtime.settings.events}, none yet"
    state = runtime.runs.outbox()
    _require_none(
        [f"event {event.event_id} of {event.key!r} is parked: {event.why}" for event in state.parked],
        fix="mend what the sink complains of, then `portopt relay --retry-parked`",
    )
    if runtime.settings.events == "local":
        from portopt.adapters.events.local_log import LocalLog

        path = runtime.settings.event_log_path
        _require_none(
            [f"line {number} of {path} is not an event" for number in LocalLog(path).damaged_lines()],
            fix=f"move {path} away: a new one is begun with the next event, and no event depends on the old one",
        )
    if runtime.settings.events == "pulsar":
        return f"{examined(runtime)}; {state.waiting} waiting"
    return f"{runtime.settings.events}, {state.waiting} waiting"


def _alerts(runtime: Runtime) -> str:
    """Whether what is told of alerts arrives: every channel has its settings, and nothing waits there for long."""
    channels = runtime.settings.channels
    for channel in channels:
        runtime.channel(channel).close()
    if not runtime.has_store:
        return f"told over {', '.join(channels) or 'no channel'}"
    states = {channel: runtime.alerts.undelivered(channel) for channel in channels}
    parked = [f"{channel}: {one.event_id} is parked: {one.why}" for channel, state in states.items() for one in state.parked]
    _require_none(parked, fix="mend what the receiver complains of, then `portopt alerts channels --retry-parked`")
    late = [
        f"{state.waiting} notices wait for the channel {channel}, the oldest since {state.oldest:%Y-%m-%d %H:%M} UTC"
        for channel, state in states.items()
        if state.oldest is not None and (state.now - state.oldest).total_seconds() > LATE_SECONDS
    ]
    _require_none(late, fix="`portopt alerts channels --deliver` tries them, and says what stops them")
    return ", ".join(f"{channel} {state.waiting} waiting" for channel, state in states.items()) or "told over no channel"


def _litter(runtime: Runtime) -> str:
    """What killed writers left: half-made packs, half-written reports. What is young may be at work."""
    found = [*runtime.packs.litter(), *_half_written(runtime.settings.reports_path)]
    old = [path for path in found if (age := _age(path)) is not None and age > UNFINISHED_SECONDS]
    named = " ".join(shlex.quote(str(path)) for path in old[:SHOWN])
    _require_none([f"{path} was left by a process that was killed" for path in old], fix=f"delete it: rm -r {named}")
    return "none"


def _half_written(folder: Path) -> list[Path]:
    """Reports are written beside their name, under one that begins with a dot."""
    return sorted(folder.glob(".*.html.*")) if folder.is_dir() else []


def _age(path: Path) -> float | None:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # gone meanwhile
        return None

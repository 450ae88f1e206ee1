"""Is this installation fit to work? Each check measures one thing and says what to do when it fails."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.errors import PortoptError

if TYPE_CHECKING:
    from portopt.runtime import Runtime

CARD = (
    "prefect", "polars", "duckdb", "cvxpy", "pyportfolioopt", "numpy", "scipy", "sqlalchemy", "psycopg", "pulsar-client",
    "piqp", "clarabel", "highspy",
)  # fmt: skip
ROOM_BYTES = 1_000_000_000


def doctor(runtime: Runtime) -> dict[str, Any]:
    """Every check, in the order a person would fix them: {"ok": bool, "checks": [{name, ok, detail, fix}, …]}."""
    checks: tuple[tuple[str, Callable[[Runtime], str], str], ...] = (
        ("python", _python, "install Python 3.11 or newer"),
        ("packages", _packages, "reinstall: `pip install portfolio-optimization-service`"),
        ("home", _home, "set PORTOPT_HOME to a folder you may write to, with room"),
        ("store", _store, "check PORTOPT_DATABASE_URL, then run `portopt db upgrade`"),
        ("pricing packs", _packs, "restore the named pack from a backup, or remove its folder"),
        ("policies", _policies, "run `portopt policies seed`"),
        ("solvers", _solvers, "reinstall piqp, clarabel and highspy"),
        ("prices", _prices, "check PORTOPT_MARKET and its settings"),
        ("prefect", _prefect, "pip install 'prefect>=3.8.8,<3.10' 'fastapi>=0.139,<0.151'"),
        ("events", _events, "run `portopt relay`, then read the log of the broker"),
    )
    done = [_run(name, check, fix, runtime) for name, check, fix in checks]
    return {"ok": all(c["ok"] for c in done), "checks": done}


def _run(name: str, check: Callable[[Runtime], str], fix: str, runtime: Runtime) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "detail": check(runtime), "fix": None}
    except PortoptError as error:
        return {"name": name, "ok": False, "detail": error.detail, "fix": (error.fixes or (fix,))[0]}
    except Exception as error:  # a check must report whatever breaks, not die of it
        return {"name": name, "ok": False, "detail": f"{type(error).__name__}: {error}", "fix": fix}


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
    for pack_id in ids:
        runtime.packs.get(pack_id)
    return f"{len(ids)} packs, every digest verified"


def _policies(runtime: Runtime) -> str:
    from portopt.service import policies

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
    waiting = runtime.runs.health().get("outbox_pending", 0)
    return f"{runtime.settings.events}, {waiting} waiting"

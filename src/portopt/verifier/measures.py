"""Risk measures of one series of returns, by their definitions. r (T,) periodic, p (T,) probabilities that add to one."""

from __future__ import annotations

import math

import numpy as np

Series = np.ndarray
TAIL, RADIUS = 0.95, 1e-3  # of a measure that names no confidence, no radius


def cvar(r: Series, p: Series, confidence: float) -> float:
    """The mean of the worst 1 - confidence."""
    return _worst_mean(-r, p, confidence)


def var(r: Series, p: Series, confidence: float) -> float:
    """The smallest loss x with P(loss <= x) >= confidence."""
    order = np.argsort(-r, kind="stable")
    reached = np.cumsum(p[order]) >= confidence - 1e-12
    return float(-r[order[int(np.argmax(reached))] if reached.any() else order[-1]])


def mad(r: Series, p: Series) -> float:
    return float(p @ np.abs(r - p @ r))


def semideviation(r: Series, p: Series, target: float | None = None) -> float:
    aim = float(p @ r) if target is None else target
    return float(np.sqrt(p @ np.maximum(aim - r, 0.0) ** 2))


def gini(r: Series, p: Series) -> float:
    """E |r - r'| over all pairs: twice the area between the two cumulative lines, in order of size."""
    order = np.argsort(r, kind="stable")
    steps, below = np.diff(r[order]), np.cumsum(p[order])[:-1]
    return float(2.0 * (below * (1.0 - below)) @ steps)


def evar(r: Series, p: Series, confidence: float) -> float:
    """min over z > 0 of  z ln( E exp(loss / z) / (1 - confidence) ), a convex function of z: by golden section in ln z."""
    there = p > 0
    losses, p = -r[there], p[there]
    most, least, price = float(losses.max()), float(losses.min()), -math.log1p(-confidence)
    if most == least or -math.log(float(p[losses >= most].sum())) <= price:
        return most

    def at(u: float) -> float:
        z = math.exp(u)
        return most + z * (math.log(float(p @ np.exp((losses - most) / z))) + price)

    low, high, golden = math.log(most - least) - 20.0, math.log(most - least) + 20.0, (math.sqrt(5.0) - 1.0) / 2.0
    for _ in range(120):
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if at(a) < at(b) else (a, high)
    return at(0.5 * (low + high))


def drawdowns(r: Series) -> Series:
    """(T,) below the peak, of returns added up."""
    path = np.cumsum(r)
    return np.asarray(np.maximum.accumulate(np.maximum(path, 0.0)) - path)


def compounded_drawdown(r: Series) -> float:
    value = np.concatenate([[1.0], np.cumprod(1.0 + r)])
    return float(np.max(1.0 - value / np.maximum.accumulate(value)))


def measured(kind: str, r: Series, p: Series, w: Series, options: dict[str, float | str | None]) -> float:
    """One measure by its name. w: weights of the assets but cash, for the one that reads them. Raises LookupError."""
    beta = float(options.get("confidence") or TAIL)
    if kind == "wasserstein_cvar":
        norm = {"1": np.inf, "2": 2, "inf": 1}[str(options.get("norm") or "2")]
        radius = RADIUS if options.get("radius") is None else float(options["radius"] or 0.0)
        return cvar(r, p, beta) + radius / (1.0 - beta) * float(np.linalg.norm(w, norm))
    target = options.get("target")
    by_name = {
        "cvar": lambda: cvar(r, p, beta),
        "var": lambda: var(r, p, beta),
        "evar": lambda: evar(r, p, beta),
        "mad": lambda: mad(r, p),
        "semideviation": lambda: semideviation(r, p, None if target is None else float(target)),
        "gini_mean_difference": lambda: gini(r, p),
        "worst_realization": lambda: float((-r[p > 0]).max()),
        "max_drawdown": lambda: float(drawdowns(r).max()),
        "average_drawdown": lambda: float(p @ drawdowns(r)),
        "cdar": lambda: _worst_mean(drawdowns(r), p, beta),
        "ulcer_index": lambda: float(np.sqrt(p @ drawdowns(r) ** 2)),
    }
    if kind not in by_name:
        raise LookupError(f"{kind} is a measure that is not known here")
    return by_name[kind]()


def _worst_mean(losses: Series, p: Series, confidence: float) -> float:
    order = np.argsort(-losses, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(p[order])[:-1]])
    taken = np.clip(1.0 - confidence - before, 0.0, p[order])
    return float(taken @ losses[order]) / (1.0 - confidence)

"""How often 95 % intervals of figures hold what is true, on made histories: python tests/benchmarks/errors_coverage.py [COUNT]

The table of docs/methods/errors.md. Two books on a factor that is independent through time, autoregressive, or clustered.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np

from portopt.judgement.sampled import normal_quantile, sampled, spread

MEANS = np.array([4e-4, 5e-4])
SIGMA = np.array([math.hypot(0.01, 0.004), math.hypot(0.009, 0.005)])
SHARPE = MEANS / SIGMA
TRUTH = (MEANS[0], MEANS[1] - MEANS[0], SHARPE[0], SHARPE[1] - SHARPE[0], SIGMA[0], SIGMA[1] - SIGMA[0])
BURN_IN = 500


def independent(rng: np.random.Generator, T: int) -> np.ndarray:
    return rng.standard_normal(T)


def autoregressive(rng: np.random.Generator, T: int, phi: float = 0.15) -> np.ndarray:
    e, f = rng.standard_normal(T + BURN_IN), np.zeros(T + BURN_IN)
    for t in range(1, T + BURN_IN):
        f[t] = phi * f[t - 1] + e[t]
    return np.asarray(f[BURN_IN:] * math.sqrt(1 - phi**2))


def clustered(rng: np.random.Generator, T: int, a: float = 0.08, b: float = 0.90) -> np.ndarray:
    """GARCH(1, 1) of variance one."""
    e, f, h = rng.standard_normal(T + BURN_IN), np.zeros(T + BURN_IN), 1.0
    for t in range(1, T + BURN_IN):
        h = 1.0 - a - b + a * f[t - 1] ** 2 + b * h
        f[t] = math.sqrt(h) * e[t]
    return f[BURN_IN:]


def held(factor: np.ndarray, rng: np.random.Generator) -> list[bool]:
    u = rng.standard_normal((len(factor), 2))
    R = np.column_stack([MEANS[0] + 0.01 * factor + 0.004 * u[:, 0], MEANS[1] + 0.009 * factor + 0.005 * u[:, 1]])
    s = sampled(R)
    deviations, own = np.sqrt(np.einsum("bii->bi", s.covariances)), np.sqrt(np.diag(s.covariance))
    drawn: list[np.ndarray] = []
    found: list[float] = []
    for values, at in ((s.means, s.mean), (s.means / deviations, s.mean / own), (deviations, own)):
        drawn += [values[:, 0], values[:, 1] - values[:, 0]]
        found += [float(at[0]), float(at[1] - at[0])]
    return [abs(x - t) <= normal_quantile(0.95) * spread(d) for x, t, d in zip(found, TRUTH, drawn, strict=True)]


def main(count: int) -> None:
    made: tuple[tuple[str, Callable[[np.random.Generator, int], np.ndarray]], ...] = (
        ("independent, normal", independent),
        ("autoregressive, 0.15", autoregressive),
        ("clustered, GARCH(0.08, 0.90)", clustered),
    )
    print(
        "| returns | T | mean | its change | Sharpe | its change | volatility | its change |\n|---|---|---|---|---|---|---|---|"
    )
    for name, process in made:
        for T in (252, 756):
            rng = np.random.default_rng(17)
            share = np.mean([held(process(rng, T), rng) for _ in range(count)], axis=0)
            print(f"| {name} | {T} | " + " | ".join(f"{100 * x:.0f} %" for x in share) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)

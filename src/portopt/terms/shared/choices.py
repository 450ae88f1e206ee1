"""Yes-or-no columns: which positions are held, which are bought and sold. Made once, shared by every limit that asks.

    held_i     -most_i h_i <= w_i <= most_i h_i
    traded_i   -D_i s_i <= w_i - w_prev_i <= U_i b_i,   b_i + s_i <= 1

The reaches (most, D, U) come from what no request gives up (budget, long only): what other limits forbid besides is
noticed by the solver, so that taking such a limit away in a diagnosis takes it away here too.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program

FURTHEST_POSITION = 4.0  # of portfolio value: how far a single position may go where nothing structural bounds it
NOTHING = 1e-9  # a smaller position or trade is arithmetic


def countable(p: Problem) -> Indices:
    """Positions of every asset but cash.

    (k,), ascending.
    """
    return np.flatnonzero(~p.universe.is_cash)


def names_of(p: Problem) -> tuple[str, ...]:
    """Their ids."""
    return tuple(p.universe.ids[i] for i in countable(p))


def reaches(p: Problem) -> tuple[float, float]:
    """The least and the most that any single weight may be, by what is structural."""
    long_only = p.limit("long_only")
    if long_only is None:
        return -FURTHEST_POSITION, FURTHEST_POSITION
    least = float(long_only.read(np.zeros(p.n), p).lower.min())
    return least, min(FURTHEST_POSITION, 1.0 - (p.n - 1) * least) if p.limit("budget") is not None else FURTHEST_POSITION


def held_columns(program: Program, p: Problem) -> Indices:
    """(k,) h in {0, 1}, one for each of `countable`: w_i is zero where h_i is."""

    def make() -> tuple[Indices, ...]:
        at = countable(p)
        least, most = reaches(p)
        k = len(at)
        held = program.add_columns(k, lower=0.0, upper=1.0, integer=True)
        both = np.concatenate([at, held])
        program.add_rows(sp.hstack([sp.eye_array(k), -most * sp.eye_array(k)]), both, -INF, 0.0, limit="", relax=0.0)
        if least < 0.0:
            program.add_rows(sp.hstack([sp.eye_array(k), -least * sp.eye_array(k)]), both, 0.0, INF, limit="", relax=0.0)
        return (held,)

    return program.once("held", make)[0]


def traded_columns(program: Program, p: Problem) -> tuple[Indices, Indices]:
    """(k,), (k,) b and s in {0, 1}: w_i is not above w_prev_i where b_i is zero, not below where s_i is; never both."""

    def make() -> tuple[Indices, ...]:
        at = countable(p)
        down, up = trade_reaches(p)
        now, k = p.previous()[at], len(at)
        bought, sold = (program.add_columns(k, lower=0.0, upper=1.0, integer=True) for _ in range(2))
        eye = sp.eye_array(k)
        program.add_rows(sp.hstack([eye, -sp.diags_array(up)]), np.concatenate([at, bought]), -INF, now, limit="", relax=0.0)
        program.add_rows(sp.hstack([eye, sp.diags_array(down)]), np.concatenate([at, sold]), now, INF, limit="", relax=0.0)
        program.add_rows(sp.hstack([eye, eye]), np.concatenate([bought, sold]), -INF, 1.0, limit="", relax=0.0)
        return bought, sold

    bought, sold = program.once("traded", make)
    return bought, sold


def trade_reaches(p: Problem) -> tuple[Vector, Vector]:
    """(k,), (k,) how far each position may be sold down and bought up."""
    least, most = reaches(p)
    now = p.previous()[countable(p)]
    return np.maximum(now - least, 0.0), np.maximum(most - now, 0.0)


def money(field: str, p: Problem) -> tuple[Vector, float]:
    """(n,) prices and the portfolio's value. Raises MissingInput where either is unknown."""
    if p.prices is None or not p.portfolio_value:
        missing = "prices" if p.prices is None else "portfolio_value"
        raise MissingInput(f"{field} needs {missing}", field=missing, fixes=[f"add {missing}", f"take {field} away"])
    return p.prices, p.portfolio_value

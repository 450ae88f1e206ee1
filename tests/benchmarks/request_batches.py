"""Many portfolios on one covariance through the request path, against the same programs put to solvers by hand.

Three lanes: plain; with a book and a turnover of one's own; with a tracking error too. Every request holds a matrix and a
universe of its own, equal to the others', and is there when the clock starts, as the market is for the peers. The bars of ours,
certified, a second and core at 500 assets: 300, 120, 60; and never slower than one by one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import direct
import libraries
import numpy as np
import scipy.sparse as sp
from markets import RISK_FREE, Job, Market, market
from measuring import Cell, compare, line

ASSETS, MEMBERS, QUICK, PEERS = 500, 200, 20, 6
BATCH = "portopt batch"
LANES = {"plain": 300, "own books": 120, "own books, TE": 60}
CAPS = (0.02, 0.03, 0.05)
Member = tuple[Job, Market]
Solver = Callable[[list[Any]], list[np.ndarray]]


def request_cells(options: argparse.Namespace) -> list[Cell]:
    """One line a lane and engine: CPU seconds a portfolio."""
    m, count = market(ASSETS), QUICK if options.quick else MEMBERS
    cells: list[Cell] = []
    for lane, bar in LANES.items():
        members = list(_members(m, lane, count))
        of_lane = []
        for engine, form, solver, most in _engines(options):
            of_lane.append(Cell(f"requests, {lane}", ASSETS, engine, form))
            ask = _request if engine.startswith("portopt") else None
            _measured(of_lane[-1], solver, members[: min(most, count)], ask, bar if engine == BATCH else None)
        compare(of_lane)
        ours = next((cell.seconds for cell in of_lane if cell.engine == BATCH), None)
        for cell in of_lane:
            cell.ratio = cell.seconds / ours if ours and cell.seconds else None
            print(line(cell), flush=True)
        cells += of_lane
    return cells


def _engines(options: argparse.Namespace) -> Iterator[tuple[str, str, Solver, int]]:
    known: list[tuple[str, str, Solver, int]] = [
        (BATCH, "dense", together, MEMBERS),
        ("portopt singly", "dense", alone, PEERS),
    ]
    for form in ("dense", "factors"):
        known.append(("PIQP direct", form, _each(direct.piqp, form), PEERS))
        known.append(("Moreau", form, _moreau(form), 2 * PEERS))
    known.append(("cvxpy loop", "factors", _each(libraries.cvxpy, "factors"), PEERS))
    yield from (row for row in known if any(part.lower() in row[0].lower() for part in options.engines))


def _members(m: Market, lane: str, count: int) -> Iterator[Member]:
    rng = np.random.default_rng(1)
    sectors = max(0.25, 1.1 * float((m.S @ m.benchmark).max()))
    for k in range(count):
        book = np.minimum(0.8 * m.benchmark + 0.2 * rng.dirichlet(np.ones(m.n)), 0.018)
        own = replace(m, mu=m.mu + rng.normal(0.0, 0.01, m.n), w_prev=book / book.sum())
        own.__dict__.update(Sigma=m.Sigma, S=m.S)
        job = Job(lane, "utility", CAPS[k % len(CAPS)], sectors, gamma=float(rng.uniform(2.0, 8.0)))
        yield replace(job, turnover=0.2 if "books" in lane else None, te=0.03 if "TE" in lane else None), own


def _measured(cell: Cell, solver: Solver, members: list[Member], ask: Callable[[Member], Any] | None, bar: int | None) -> None:
    """ask: makes what the solver is asked of a member, before the clock starts; None for the member itself."""
    asked = [list(map(ask, some)) if ask else some for some in (members[:2], members)]
    try:
        solver(asked[0])
        cpu, wall = time.process_time(), time.perf_counter()
        W = solver(asked[1])
        cell.seconds, cell.wall = (time.process_time() - cpu) / len(members), (time.perf_counter() - wall) / len(members)
    except Exception as failure:  # a peer's failure is a finding, not the end of the table
        cell.note = str(failure).splitlines()[0][:90] if str(failure) else type(failure).__name__
        return
    cell.runs = 1
    cell.violation = max(job.violation(m, w) for (job, m), w in zip(members, W, strict=True))
    cell.objective = float(np.mean([job.objective(m, w) for (job, m), w in zip(members[:PEERS], W, strict=False)]))
    cell.note = f"{1.0 / cell.seconds:.0f} a second" + (f", certified; the bar is {bar}" if bar else "")


def together(requests: list[Any]) -> list[np.ndarray]:
    from portopt.questions import weights

    return [_weights(answer) for answer in weights.optimize_many(requests)]


def alone(requests: list[Any]) -> list[np.ndarray]:
    from portopt.questions import weights

    return [_weights(weights.optimize(request)) for request in requests]


def _weights(answer: Any) -> np.ndarray:
    if isinstance(answer, Exception):
        raise answer
    return answer.validated.weights  # type: ignore[no-any-return]


def _request(member: Member) -> Any:
    from portopt.domain.request import OptimizationRequest
    from portopt.domain.universe import Asset, Universe

    job, m = member
    universe = Universe(tuple(Asset(f"A{i:05d}", sector=f"S{s}") for i, s in enumerate(m.sector)))
    limits = {"max_weight": job.cap, "sector_limits": job.sector_cap}
    limits |= {"max_turnover": job.turnover, "max_tracking_error": job.te}
    return OptimizationRequest(
        portfolio_id="p",
        universe=universe,
        objective={"kind": job.kind, "risk_aversion": job.gamma},
        limits={name: value for name, value in limits.items() if value is not None},
        risk_free_rate=RISK_FREE,
        expected_returns=m.mu,
        covariance=m.Sigma.copy(),
        current_weights=None if job.turnover is None else dict(zip(universe.ids, m.w_prev.tolist(), strict=True)),
        benchmark_weights=None if job.te is None else dict(zip(universe.ids, m.benchmark.tolist(), strict=True)),
    )


def _each(prepared: Callable[[Job, Market, bool], Any], form: str) -> Solver:
    """One after the other, as the peer's own documentation says."""

    def solver(members: list[Member]) -> list[np.ndarray]:
        answers = [prepared(job, m, form == "factors") for job, m in members]
        if isinstance(answers[0], str):
            raise RuntimeError(f"not offered: {answers[0]}")
        return [answer() for answer in answers]

    return solver


def _moreau(form: str) -> Solver:
    """One compiled structure, all members in one call, on the CPU."""

    def solver(members: list[Member]) -> list[np.ndarray]:
        try:
            import moreau
        except ImportError:
            raise RuntimeError("not offered: moreau is not installed") from None
        parts = [direct.Parts(job, m, form == "factors") for job, m in members]
        programs = [_conic(p, *member, form == "factors") for p, member in zip(parts, members, strict=True)]
        P, A, _, (zero, nonnegative, second_order) = programs[0]
        cones = moreau.Cones(num_zero_cones=zero, num_nonneg_cones=nonnegative, so_cone_dims=second_order)
        settings = moreau.Settings(batch_size=len(members), device="cpu")
        compiled = moreau.CompiledSolver(
            A.shape[1], A.shape[0], P.indptr, P.indices, A.indptr, A.indices, cones=cones, settings=settings
        )
        compiled.setup(np.array([program[0].data for program in programs]), np.array([program[1].data for program in programs]))
        found = compiled.solve(np.array([p.q for p in parts]), np.array([program[2] for program in programs]))
        return [p.weights(x) for p, x in zip(parts, np.asarray(found.x), strict=True)]

    return solver


def _conic(
    p: direct.Parts, job: Job, m: Market, factors: bool
) -> tuple[sp.csr_array, sp.csr_array, np.ndarray, tuple[int, int, list[int]]]:
    """(P, A, b, sizes of the cones) of  A x + s = b,  s in zero, nonnegative and second-order cones."""
    equal, eye = p.low == p.high, sp.eye_array(p.N, format="csr")
    below, above = ~equal & np.isfinite(p.low), ~equal & np.isfinite(p.high)
    floor, ceiling = np.isfinite(p.lb), np.isfinite(p.ub)
    blocks = [p.A[equal], p.A[above], -p.A[below], eye[ceiling], -eye[floor]]
    rhs = [p.high[equal], p.high[above], -p.low[below], p.ub[ceiling], -p.lb[floor]]
    sizes: list[int] = []
    if job.te is not None:
        B, b = p.tracking_cone(job, m, factors)
        blocks, rhs, sizes = [*blocks, -B], [*rhs, b], [len(b)]
    stacked = sp.csr_array(sp.vstack(blocks))
    return sp.csr_array(p.P), stacked, np.concatenate(rhs), (int(equal.sum()), sum(map(len, rhs[1:5])), sizes)

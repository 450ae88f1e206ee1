"""A thousand requests that no portfolio satisfies, over every kind of limit: each diagnosed, each set minimal, a fix works.

The suite takes a sample; CONFLICTS=1000 takes them all.
"""

from __future__ import annotations

import os

from conflicts_generator import infeasible_requests, margin

from portopt.diagnosis import diagnose
from portopt.diagnosis.smallest_openings import relaxed
from portopt.optimization import assemble, solve

COUNT = int(os.environ.get("CONFLICTS", "40"))
CLEAR, HOLDS = 1e-6, 1e-5  # the witness's own tolerances lie between them


def test_every_conflict_is_impossible_and_minimal_and_a_fix_was_verified():
    sets, unfixed = 0, []
    for seed, problem, limits in infeasible_requests(COUNT):
        diagnosis = diagnose(problem)
        assert diagnosis.conflicts, seed
        for conflict in diagnosis.conflicts:
            sets += 1
            assert conflict.limits, (seed, conflict)
            assert margin(problem, {name: limits[name] for name in conflict.limits}) > CLEAR, (seed, conflict)
            for gone in conflict.limits:
                fewer = {name: limits[name] for name in conflict.limits if name != gone}
                assert margin(problem, fewer) <= HOLDS, (seed, conflict, gone)
        unfixed += [] if diagnosis.fixes else [seed]
        for fix in diagnosis.fixes:
            assert fix.verified, seed
            opened = relaxed(problem, {r.limit: r.by for r in fix.relaxations})
            w = solve(assemble(opened)).x[: problem.n]
            assert max(limit.read(w, opened).worst() for limit in opened.limits) <= 1e-8, (seed, fix)
            freed = {name: value for name, value in limits.items() if name not in {r.limit for r in fix.relaxations}}
            assert margin(problem, freed) <= HOLDS, (seed, fix)
    print(f"{COUNT} requests, {sets} minimal sets, without a fix: {unfixed}")
    assert not unfixed

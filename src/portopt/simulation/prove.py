"""No look-ahead, shown: every decision is put beside one that could not have looked.

For each decision the history is replaced by one whose everything after that close is noise (noise.py). Of the deciders that are
built in, whose decisions depend on nothing but `Known` and `Held`, what reaches the decision is compared at every date, bit for
bit, and a seeded sample is decided again in full, from the noisy history, to the same lots. A strategy of the user's own, which
may have prepared itself on anything, is prepared and asked again on every noisy history.

The seed is in the answer: whoever has the prices can do it again.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import Backtested, Decision
from portopt.domain.backtest_found import Changed, Proof
from portopt.domain.canonical import digest
from portopt.domain.errors import PortoptError
from portopt.simulation.history import History, Known, day_of
from portopt.simulation.noise import Noise
from portopt.simulation.outside import outside_data
from portopt.simulation.simulate import FIRST, NOT_YET, Progress, Run, Simulation
from portopt.simulation.strategies import Decided, Decider, Held
from portopt.simulation.triggers import Seen

SAMPLED, LEAST_SAMPLED = 0.04, 3  # of the decisions of a built-in decider, those that are worked out again in full
SAME_WEIGHT = 1e-9  # sums that were carried from day to day, or go over histories of other lengths, end in other last digits
LISTED = 200

Prepare = Callable[[History], Decider]


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One decision as it was made. units, target: None where it failed; problem: the digest of why."""

    decision: Decision
    held: Held
    units: np.ndarray | None

    @property
    def day(self) -> int:
        return self.decision.day


def prove(
    s: Simulation,
    run: Backtested,
    end: Run,
    prepare: Prepare,
    *,
    seed: int,
    in_full: bool,
    strategy: object = None,
    progress: Progress | None = None,
) -> Proof:
    """Put every decision of a run to the proof.

    Args:
        end: what each decision saw of the book, and wanted. prepare: the decider of a history. in_full: decide all of them
            again, as for a strategy of one's own. strategy: looked through for data that no noise can reach.
    """
    made = [Made(d, held, end.wanted.get(d.day)) for d, held in zip(run.decisions, end.seen, strict=True)]
    sampled = _sample(len(made), seed) if not in_full else frozenset(range(len(made)))
    noise, seal = Noise(s.history, seed), hashlib.sha256(str(seed).encode())
    begins = day_of(s.history.dates[s.first])
    changed = [Changed(begins, what) for what in outside_data(strategy, s.history)]
    again = 0
    for k, one in enumerate(made):
        noisy = noise.after(one.day, derived=in_full or k in sampled)
        known = noisy.known(one.day)
        found = list(_differences(s.history.known(one.day), known)) + list(_fires_otherwise(s, noisy, one))
        if k in sampled or found:
            again += 1
            found += _decided_otherwise(one, prepare(noisy), known, to_the_lot=not in_full)
            if in_full and found:  # one that remembers by itself is given the same past
                found = _in_sequence(made[: k + 1], prepare(noisy), noisy)
        changed += [Changed(known.date, what) for what in found]
        _sealed(seal, one)
        if progress is not None:
            progress(k + 1, len(made))
    if in_full and changed:
        changed = _named(changed, s, made, prepare)
    return Proof(
        holds=not changed,
        seed=seed,
        decisions=len(made),
        decided_again=again,
        changed=tuple(changed[:LISTED]),
        how=_how(len(made), again, in_full=in_full),
        digest=seal.hexdigest(),
        of_policy=not in_full,
    )


def _how(decisions: int, again: int, *, in_full: bool) -> str:
    if in_full:
        return "each was prepared and decided again on a history whose everything after it is noise"
    return (
        f"what reached each was the same, bit for bit, in a history whose everything after it is noise; "
        f"{again} of {decisions} were decided again from it"
    )


def _sample(count: int, seed: int) -> frozenset[int]:
    """Which decisions are worked out again: the last always, for whatever adds up on the way."""
    if not count:
        return frozenset()
    wanted = min(count, max(LEAST_SAMPLED, round(SAMPLED * count)))
    drawn = np.random.default_rng([seed, 1]).choice(count, size=wanted, replace=False)
    return frozenset([*drawn.tolist(), count - 1])


def _differences(true: Known, noisy: Known) -> Iterator[str]:
    """What of all that a decision is given depends on what comes after it."""
    for name in ("dates", "prices", "volumes"):
        a, b = getattr(true, name), getattr(noisy, name)
        if (a is None) != (b is None) or (a is not None and not _same_bits(a, b)):
            yield f"{name} that were known on {true.date} depend on what came after"
    for name in ("members", "policy", "actions"):
        if getattr(true, name) != getattr(noisy, name):
            yield f"{name} that were known on {true.date} depend on what came after"
    a, b = true.factor_returns, noisy.factor_returns
    if (a is None) != (b is None) or (a is not None and b is not None and not _same_bits(a.values, b.values)):
        yield f"factor returns that were known on {true.date} depend on what came after"


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Missing prices are the same missing prices."""
    if a.shape != b.shape:
        return False
    return bool(np.array_equal(a.view(np.int64), b.view(np.int64)))


def _fires_otherwise(s: Simulation, noisy: History, one: Made) -> Iterator[str]:
    """Whether it would have been due at all."""
    if one.decision.trigger in (FIRST, NOT_YET):
        return
    why = s.trigger.fires(Seen(noisy, one.day, lambda: one.held, one.day in s.flows))
    if why != one.decision.trigger:
        yield f"it was due because of {one.decision.trigger!r}, and with noise after it {why or 'not'}"


def _decided_otherwise(one: Made, decider: Decider, known: Known, *, to_the_lot: bool = False) -> list[str]:
    """In words, how the decision on the noisy history is another one."""
    try:
        decided = decider.decide(known, one.held)
    except PortoptError as refusal:
        if one.units is None and refusal.problem().get("code") == (one.decision.problem or {}).get("code"):
            return []
        return [f"it fails with noise after it: {refusal.detail}"]
    if one.units is None or one.decision.target is None:
        return ["it failed, and with noise after it does not"]
    found = _other_weights(one.decision.target, decided, known)
    return found or (_other_units(one.units, decided, known) if to_the_lot else [])


def _in_sequence(made: list[Made], decider: Decider, noisy: History) -> list[str]:
    """How the last decision is another one when all before it are made first, as they were."""
    for one in made[:-1]:
        with contextlib.suppress(PortoptError):
            decider.decide(noisy.known(one.day), one.held)
    return _decided_otherwise(made[-1], decider, noisy.known(made[-1].day))


def _other_weights(target: Vector, decided: Decided, known: Known) -> list[str]:
    away = np.abs(decided.target - target)
    if not away.max() > SAME_WEIGHT:
        return []
    i = int(np.argmax(away))
    name = known.ids[i] if i < len(known.ids) else "cash"
    return [f"{name} weighs {target[i]:.4%}, and {decided.target[i]:.4%} with noise after it"]


def _other_units(units: np.ndarray, decided: Decided, known: Known) -> list[str]:
    """Of a decider that is built in, which remembers nothing but what it is given: the same lots, not only the same weights."""
    other = np.flatnonzero(decided.units != units)
    if not len(other):
        return []
    i = int(other[0])
    return [f"{int(units[i]):,} units of {known.ids[i]} were wanted, and {int(decided.units[i]):,} are with noise after it"]


def _named(changed: list[Changed], s: Simulation, made: list[Made], prepare: Prepare) -> list[Changed]:
    """What changed, unless the strategy decides otherwise on the very same history too: then it says that instead.

    A decider that remembers, or draws, is no function of what it is given, and nothing can be shown of it.
    """
    decider = prepare(s.history)
    for one in made:
        found = _decided_otherwise(one, decider, s.history.known(one.day))
        if found:
            what = (
                "the strategy is no function of what it is given: asked again on the same history, in the same order, it "
                f"decides otherwise ({found[0].replace(' with noise after it', ' then')}); give what it is to remember as "
                "`memory`, and draw from a fixed seed"
            )
            return [Changed(day_of(s.history.dates[one.day]), what)]
    return changed


def _sealed(seal: hashlib._Hash, one: Made) -> None:
    """What was compared, for whoever repeats it: the day, what was held and what was wanted."""
    seal.update(f"{one.day} {one.decision.status} {one.held.cash}".encode())
    seal.update(np.ascontiguousarray(one.held.units).data)
    if one.units is not None:
        seal.update(np.ascontiguousarray(one.units).data)
    elif one.decision.problem is not None:
        seal.update(digest(one.decision.problem).encode())

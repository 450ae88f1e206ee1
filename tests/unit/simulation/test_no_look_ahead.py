"""The proof: planted leaks are caught, clean strategies raise no alarm, and whoever has the prices can do it again.

In full, every leak on every seed and fifty clean strategies: PORTOPT_TEST_FULL=1.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from leaking_strategies import LEAKS, honest, market, past
from made_histories import drawn_prices, history, own, policy, request

from portopt.domain.backtest_found import Proof
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest
from portopt.simulation.daily import DailyDecider
from portopt.simulation.history import History, Known
from portopt.simulation.noise import Noise
from portopt.simulation.prove import prove
from portopt.simulation.simulate import simulation, walked
from portopt.simulation.strategies import Decided, Decider, Held, Ruled, in_units, weights_by_id

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"
SEEDS = (1, 2, 3) if FULL else (1,)
CLEAN = 50 if FULL else 20


def proof_of(of: History, strategy: Any, **changes: Any) -> Proof:
    asked = {"rebalance": ["every 9"], "prove": True, "policy": policy(min_observations=37), **changes}
    found = backtest(own(of, strategy, **asked), sweep=False).proof
    assert found is not None
    return found


def test_twenty_kinds_of_leak_are_planted() -> None:
    assert len(LEAKS) >= 20


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("leak", LEAKS)
def test_row_3_a_planted_leak_is_caught(leak: str, seed: int) -> None:
    from leaking_strategies import Scored

    found = proof_of(market(), Scored(LEAKS[leak]), seed=seed)
    assert not found.holds, leak
    assert found.changed


@pytest.mark.parametrize("k", range(CLEAN))
def test_row_4_a_clean_strategy_raises_no_alarm(k: int) -> None:
    found = proof_of(market(20 + k), honest(k), seed=1 + k)
    assert found.holds, found.changed
    assert found.decisions == found.decided_again > 5


def test_a_table_that_was_made_beside_the_history_is_named() -> None:
    of = history(drawn_prices(120, 3))
    signals = np.argsort(-of.prices, axis=1)[:, 0]

    def reads_signals(known: Known, held: Held) -> dict[str, float]:
        return {known.ids[signals[known.day]]: 1.0}

    found = proof_of(of, reads_signals)
    assert not found.holds
    assert "signals" in found.changed[0].what


def test_a_sector_map_beside_the_history_is_no_alarm() -> None:
    sectors = {"A": "tech", "B": "banks", "C": "tech"}
    scale = np.array([1.0, 2.0, 0.5])

    def one_sector(known: Known, held: Held) -> dict[str, float]:
        return {a: 0.4 for a, s in sectors.items() if s == "tech" and past(known, 5)[known.ids.index(a)] * scale[0] > -1}

    assert proof_of(history(drawn_prices(120, 3)), one_sector).holds


class Counting:
    """Remembers by itself how often it was asked, which is not looking ahead."""

    def prepare(self, whole: History) -> Decider:
        return Counter()


class Counter:
    def __init__(self) -> None:
        self.asked = 0

    def decide(self, known: Known, held: Held) -> Decided:
        self.asked += 1
        return in_units(weights_by_id({known.ids[self.asked % 3]: 0.9}, known), held)


def test_a_strategy_that_remembers_is_given_the_same_past_and_raises_no_alarm() -> None:
    assert proof_of(history(drawn_prices(120, 3)), Counting()).holds


def test_one_that_draws_without_a_seed_is_told_so_and_not_accused_of_looking_ahead() -> None:
    draws = np.random.default_rng()

    def drawn(known: Known, held: Held) -> dict[str, float]:
        return {known.ids[int(draws.integers(3))]: float(draws.uniform(0.1, 0.9))}

    found = proof_of(history(drawn_prices(120, 3)), drawn)
    assert not found.holds
    assert "no function of what it is given" in found.changed[0].what


def test_the_pipeline_itself_is_proven_and_the_proof_can_be_done_again() -> None:
    h = market()
    limits = {"long_only": True, "cash": {"max": 0.1}, "max_weight": 0.5, "max_turnover": 0.3}
    asked = request(h, policy=policy(limits=limits), rebalance=["weekly", "drift 3%"], prove=True, seed=5, spread_bps=10.0)
    first, second = (backtest(Backtest(asked, h), sweep=False).proof for _ in range(2))
    assert first == second
    assert first is not None
    assert first.holds, first.changed
    assert (first.seed, first.decisions) == (5, first.decisions)
    assert 0 < first.decided_again < first.decisions
    other = backtest(Backtest(replace(asked, seed=6), h), sweep=False).proof
    assert other is not None
    assert other.holds
    assert other.digest != first.digest


def test_a_history_that_shows_what_comes_later_is_caught_without_deciding_again() -> None:
    """The mutant: yesterday's prices are moved by tomorrow's."""

    class Leaking(History):
        __slots__ = ()

        def known(self, day: int) -> Known:
            true = History.known(self, day)
            later = np.nan_to_num(self.prices[min(day + 1, len(self) - 1)])
            return replace(true, prices=true.prices + 1e-9 * later)

    h = market()
    leaking = Leaking(*(getattr(h, name) for name in History.__dataclass_fields__))
    asked = request(leaking, prove=True, rebalance=["every 9"])
    found = backtest(Backtest(asked, leaking), sweep=False).proof
    assert found is not None
    assert not found.holds
    assert "prices" in found.changed[0].what


def test_a_lot_that_depends_on_what_comes_later_is_caught_where_the_weights_are_the_same() -> None:
    h = history(drawn_prices(90, 5))
    asked = request(h, policy=policy(min_observations=37), rebalance=["every 5"])

    class OneMore:
        def __init__(self, known_to_the_end: History) -> None:
            self.inner, self.more = DailyDecider(asked), int(known_to_the_end.dates[-1] == h.dates[-1])

        def decide(self, known: Known, held: Held) -> Decided:
            decided = self.inner.decide(known, held)
            return replace(decided, units=decided.units + self.more)

    for prepare, holds in ((lambda of: DailyDecider(asked), True), (OneMore, False)):
        s = simulation(asked, h, prepare(h))
        run, end = walked(s)
        found = prove(s, run, end, prepare, seed=3, in_full=False)
        assert found.holds == holds
        assert holds or "units of" in found.changed[0].what


def test_noise_leaves_what_was_known_bit_for_bit_and_nothing_else() -> None:
    h = market()
    noise = Noise(h, 3)
    for day in (40, 41, 80):
        for derived in (False, True):
            noisy = noise.after(day, derived=derived)
            assert noisy.prices[: day + 1].tobytes() == h.prices[: day + 1].tobytes()
            true, seen = h.known(day), noisy.known(day)
            assert seen.prices.tobytes() == true.prices.tobytes()
            assert (seen.members, seen.actions, seen.policy) == (true.members, true.actions, true.policy)
            later = slice(day + 1, min(len(noisy), len(h)))
            both = np.isfinite(noisy.prices[later]) & np.isfinite(h.prices[later])
            assert not (noisy.prices[later][both] == h.prices[later][both]).any()
            assert len(noisy) != len(h) or not (noisy.dates == h.dates).all()


def test_a_rule_is_what_the_proof_asks_again() -> None:
    asked: list[int] = []

    def counted(known: Known, held: Held) -> dict[str, float]:
        asked.append(known.day)
        return {"A": 0.5}

    found = proof_of(history(drawn_prices(120, 3)), Ruled(counted))
    assert len(asked) == 2 * found.decisions

"""The time of a batch may be over at any look at the clock: each member is then an answer or a refusal of its own."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from unit.dialects.test_strategy_batch import REQUEST

from portopt.dialects.strategy_batch import read_requests
from portopt.domain import deadline
from portopt.domain.deadline import Deadline
from portopt.domain.errors import DeadlineExceeded, InfeasibleRequest
from portopt.questions.weights import CertifiedWeights, optimize_many

INFEASIBLE = REQUEST | {"constraints": {"max_weight": 0.3}}
ALLOWED = 10.0


@dataclass
class Clock:
    """Stands at 0 until its look number `last`; from then on the time is over."""

    last: int
    looks: int = 0

    def monotonic(self) -> float:
        self.looks += 1
        return 0.0 if self.looks < self.last else 2 * ALLOWED


def asked_until_look(number: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], int]:
    """What comes of the batch, and how often it looked."""
    clock = Clock(number)
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=clock.monotonic))
    asked = read_requests([REQUEST, INFEASIBLE, REQUEST | {"objective": "MAX_SHARPE"}])
    return optimize_many(asked, until=Deadline.within(ALLOWED)), clock.looks


def test_a_batch_whose_time_is_over_at_any_look_at_the_clock_gives_every_member_its_own_outcome(monkeypatch):
    whole, looks = asked_until_look(1 << 30, monkeypatch)
    assert [type(one) for one in whole] == [CertifiedWeights, InfeasibleRequest, CertifiedWeights]
    assert looks > 10
    refused = 0
    for number in range(2, looks + 1, 6):
        found, _ = asked_until_look(number, monkeypatch)
        for one, in_time in zip(found, whole, strict=True):
            if isinstance(one, CertifiedWeights):
                assert np.array_equal(one.validated.weights, in_time.validated.weights)
            elif isinstance(one, DeadlineExceeded):
                refused += 1
            else:
                assert (type(one), one.detail) == (InfeasibleRequest, in_time.detail)
    assert refused > looks / 6

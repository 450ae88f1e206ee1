"""What a desk asks around a proposal: the choices there are, an edit, what would be if, and whether it may trade now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.certificate import Certificate
from portopt.domain.explanation import LeftOut
from portopt.domain.found import RestsOn
from portopt.domain.plan import Figures
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit that a book misses. member: whose of it, "" for the whole portfolio; others: how many more members miss it.

    measured, bound, by: in `unit`. soft: its shortfall is priced, not forbidden. description: the limit in words.
    """

    limit: str
    member: str
    measured: float
    bound: float
    by: float
    unit: str
    description: str
    soft: bool = False
    others: int = 0


@dataclass(frozen=True, slots=True)
class Worth:
    """What a book is worth to the policy, and what it gives up against the policy's own optimum.

    unit: what the objective counts in ("return", "Sharpe ratio", "volatility", …). value: in it. gives_up: in it, above zero
    where the book is worse. certain_equivalent: the riskless annual return that the policy takes for the book; gives_up_return:
    of it, an annual fraction. Both None where the objective weighs no return against a risk.
    """

    unit: str
    value: float
    gives_up: float
    certain_equivalent: float | None
    gives_up_return: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A book in the figures that choices are compared by.

    turnover: one-way, from the book before. cost: paid once, a fraction of portfolio value. drift: one-way distance to what the
    policy wants; worth: None, both, where the policy has no answer to compare with. broken: limits of the policy it misses.
    tax: what its sales add to the year's tax, money; None where none is estimated.
    """

    weights: Vector
    figures: Figures
    turnover: float
    cost: float
    drift: float | None
    worth: Worth | None
    broken: tuple[Broken, ...]
    esg_score: float | None = None
    tax: Decimal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """One choice. run_id: the run that asking for it makes, and so its content's own id; "" for doing nothing.

    request: what asks for it; None for doing nothing. certificate: of its weights; None for doing nothing, which is measured
    against every limit all the same. gave_way: limits that the policy lets give way, and those left missed, in words.
    """

    name: str
    title: str
    about: str
    run_id: str
    request: RebalanceRequest | None
    measured: Measured
    certificate: Certificate | None
    gave_way: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A choice that this book does not have, and why."""

    name: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """Every choice there is, doing nothing first, and those there are not. request: as it was asked, the policy's; about_run:
    the run that it is, or that asking for it would make.
    """

    request: RebalanceRequest
    problem: Problem
    choices: tuple[Alternative, ...]
    not_offered: tuple[NotOffered, ...]
    rests_on: RestsOn
    about_run: str

    def named(self, name: str) -> Alternative | None:
        return next((choice for choice in self.choices if choice.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """A proposal solved again around trades that somebody decided.

    pins: in words, by asset. request: what asks for it; run_id: the run that asking makes. stands, edited: without these
    trades, and with them, by one yardstick: the objective of what stands. price: what the edit gives up, from one to the other.
    about_run: the run of what stands, or that asking for it would make.
    """

    request: RebalanceRequest
    problem: Problem
    pins: tuple[tuple[str, str], ...]
    run_id: str
    stands: Measured
    edited: Measured
    price: Worth
    certificate: Certificate
    rests_on: RestsOn
    about_run: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """The weights by their derivative, without solving: exact up to `holds` of the way there, or to first order only.

    reach: of the way to what was asked, how far the same limits bind; beyond one it is all within. until: what changes there.
    is_exact: weights are linear in what moved. differs: the largest difference from the weights solved again.
    """

    weights: Vector
    reach: float
    until: str
    is_exact: bool
    differs: float


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """A question with something in it moved, beside what stands. moved: path, value before, value now, as a policy has them.

    about_run: the run of what stands, or that asking for it would make.
    """

    request: RebalanceRequest
    problem: Problem
    moved: tuple[tuple[str, object, object], ...]
    run_id: str
    stands: Measured
    after: Measured
    worth: Worth
    preview: Preview | None
    certificate: Certificate
    rests_on: RestsOn
    about_run: str
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing looked at before trading. status: "ok", "but" (it may go ahead, knowing this) or "stop".

    calls: whether it calls for a rebalance. detail: what was found, in a sentence; figures: the numbers in it, by name.
    fix: what to do about it, "" where nothing is to be done.
    """

    name: str
    status: str
    detail: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    fix: str = ""
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a portfolio may be rebalanced on a day. rests_on: None where its prices could not be used."""

    portfolio_id: str
    policy: str
    on: date
    reasons: tuple[Reason, ...]
    rests_on: RestsOn | None = None

    @property
    def answer(self) -> str:
        """yes, no, or yes, but."""
        statuses = {reason.status for reason in self.reasons}
        return "no" if "stop" in statuses else "yes, but" if "but" in statuses else "yes"

    @property
    def called_for(self) -> bool:
        return any(reason.calls for reason in self.reasons)

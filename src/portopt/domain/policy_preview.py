"""A changed policy held against proposals that were made: what it says, what is new in it, what it would have done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.certificate import Certificate
from portopt.domain.choices import Measured
from portopt.domain.problem import Problem
from portopt.domain.request import Policy


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version as it is kept. created_at: None for one that this version of portopt ships and nobody stored."""

    policy: Policy
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One term of a policy in words. part: objectives, limits, costs or tax. about: what such a term is; page: under docs/."""

    part: str
    name: str
    value: Any
    words: str
    about: str
    unit: str
    page: str


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A book that one policy asks for, certified. gave_way: limits that the policy lets give way, in words."""

    problem: Problem
    weights: Vector
    certificate: Certificate
    gave_way: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PreviewedRun:
    """One proposal under its own policy and under the changed one, on its own prices and holdings.

    measured: what stands, by the terms of the changed policy where these can be put to that book, else by its own. other: what
    the changed policy asks for, None where it asks for nothing that there is; problem then says why. moved: one-way distance.
    """

    run_id: str
    as_of: date
    pricing_pack_id: str
    currency: str
    stands: Answered
    measured: Measured
    other: Answered | None = None
    after: Measured | None = None
    moved: float | None = None
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PolicyPreview:
    """stands: the version that counts now, None for a policy that is new."""

    draft: Policy
    stands: Policy | None
    lines: tuple[PolicyLine, ...]
    proposals: tuple[PreviewedRun, ...]

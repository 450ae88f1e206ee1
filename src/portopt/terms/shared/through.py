"""A limit that speaks through another: a wish, a limit in one of several periods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from portopt.domain.problem import Limit, Problem
from portopt.domain.universe import Asset
from portopt.domain.voice import Readings


class Through(Limit, Protocol):
    """Everything that is not said otherwise is what `limit` says."""

    limit: Limit

    @property
    def kind(self) -> str:
        return self.limit.kind

    @property
    def unit(self) -> str:
        return self.limit.unit

    @property
    def noun(self) -> str:
        return self.limit.noun

    @property
    def stops(self) -> str:
        return self.limit.stops

    @property
    def precedence(self) -> int:
        return self.limit.precedence

    @property
    def pulls_everywhere(self) -> bool:
        return self.limit.pulls_everywhere

    @property
    def uses(self) -> str:
        return self.limit.uses

    @property
    def caps_positions(self) -> bool:
        return self.limit.caps_positions

    @property
    def floors_positions(self) -> bool:
        return self.limit.floors_positions

    @property
    def forbids(self) -> str:
        return self.limit.forbids

    def allows(self, by: float) -> str:
        return self.limit.allows(by)

    @property
    def reads(self) -> tuple[str, ...]:
        return self.limit.reads

    @property
    def reads_scenarios(self) -> bool:
        return self.limit.reads_scenarios

    @property
    def reads_factors(self) -> bool:
        return self.limit.reads_factors

    @property
    def scored_by(self) -> str:
        return self.limit.scored_by

    @property
    def asked(self) -> Limit:
        return self.limit.asked

    def steps(self, p: Problem) -> tuple[float, ...]:
        return self.limit.steps(p)

    def fractions(self) -> Iterable[tuple[str, float, float]]:
        return self.limit.fractions()

    def of_the_undescribed(self) -> str:
        return self.limit.of_the_undescribed()

    def exempts(self, asset: Asset) -> bool:
        return self.limit.exempts(asset)

    def of_the_exempt(self) -> str:
        return self.limit.of_the_exempt()

    def bars(self, asset: Asset, held: float) -> str:
        return self.limit.bars(asset, held)

    def binds_group_of(self, asset: Asset) -> bool:
        return self.limit.binds_group_of(asset)

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return self.limit.presses(asset, reading, up=up)

    def of_cash(self, held: float, *, up: bool) -> str:
        return self.limit.of_cash(held, up=up)

"""Limits on the way a position may go: whom a list means, and the bounds at the book before the trade.

    w_i >= w_prev_i - slack    where i may not be sold          w_i <= w_prev_i + slack    where it may not be bought

A member of a list is an asset's id or all of a group, {"sector": "Energy"}. What has no sector may belong to any, and is bound
wherever a sector is named. Cash is never bound. What may not be sold may be what lies in an account (terms/accounts.py): of
w_prev_i then the part that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, Protocol, Self, cast

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.shared.checks import listed, number, options, percent, required
from portopt.terms.shared.members import unknown_name

PRECEDENCE = 13  # a desk would rather see its other limits measured
EXAMPLE = '["AAPL", {"sector": "Energy"}]'
GROUPS: tuple[Literal["sector", "asset_class"], ...] = ("sector", "asset_class")

Member = str | Mapping[str, Any]
ACCOUNT = "account"


class OneWay(Limit, Protocol):
    """What such limits say alike. sold, bought: which of the two the assets `at` may be; verb: what they are not.

    slack: zero in every request, there so that the limit can be opened like any other.
    """

    sold: ClassVar[bool] = False
    bought: ClassVar[bool] = False
    verb: ClassVar[str]

    noun: ClassVar[str] = "the weight of"
    precedence: ClassVar[int] = PRECEDENCE
    unit: ClassVar[str] = "fraction"

    @property
    def slack(self) -> float: ...

    def at(self, universe: Universe) -> Indices:
        """(k,) positions of the assets it binds, ascending."""
        ...

    def express(self, program: Program, p: Problem) -> None:
        at = self.at(p.universe)
        if len(at):
            program.add_bounds(at, *self._sides(p, at), limit=self.kind, members=p.universe.names(at))

    def read(self, w: Vector, p: Problem) -> Readings:
        at = self.at(p.universe)
        return Readings(self.kind, p.universe.names(at), w[at], *self._sides(p, at))

    @property
    def forbids(self) -> str:
        return self.verb

    @property
    def whom(self) -> str:
        """Those it binds, in words."""
        ...

    def allows(self, by: float) -> str:
        return f"allow {self.whom} to be {self.verb}, by up to {percent(self.slack + by)} of the portfolio"

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return f"it may not be {self.verb}"

    def part(self, universe: Universe, at: Indices) -> Vector:
        """(k,) what part of each position it speaks of."""
        return np.ones(len(at))

    def _sides(self, p: Problem, at: Indices) -> tuple[Vector, Vector]:
        now, none = p.previous()[at], np.full(len(at), INF)
        stays = now * self.part(p.universe, at)
        return -none if self.sold else stays - self.slack, none if self.bought else now + self.slack


class OfAssets(OneWay, Protocol):
    """What those say alike that name their assets: ids, and groups by one attribute each, {"sector": "Energy"}."""

    assets: tuple[Member, ...]
    takes_accounts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "assets", checked_members(self._field(), self.assets, accounts=self.takes_accounts))
        object.__setattr__(self, "slack", number(f"{self._field()}.slack", self.slack, low=0.0, example="0.0"))

    def at(self, universe: Universe) -> Indices:
        return positions_of(self._field(), self.assets, universe)

    def part(self, universe: Universe, at: Indices) -> Vector:
        holds = [_holds(self._field(), m) for m in self.assets if not isinstance(m, str) and _is_account(m)]
        if not holds:
            return np.ones(len(at))
        others = [member for member in self.assets if not _is_account(member)]
        whole = set(positions_of(self._field(), others, universe).tolist())
        lying = [sum(there.get(universe.ids[i], 0.0) for there in holds) for i in at.tolist()]
        return np.array([1.0 if i in whole else min(part, 1.0) for i, part in zip(at.tolist(), lying, strict=True)])

    def relaxed(self, by: float) -> Self:
        return type(self)(self.assets, self.slack + by)  # type: ignore[call-arg]  # the fields of each of them

    @property
    def reads(self) -> tuple[str, ...]:
        return groups_read(self.assets)

    def of_the_undescribed(self) -> str:
        return f"{self.kind} binds them too, as they may belong to any group it names"

    def describe(self) -> str:
        return f"{self.whom} not {self.verb}{beyond(self.slack)}"

    @property
    def whom(self) -> str:
        return in_words(self.assets)

    @classmethod
    def parse(cls, value: Any) -> Self:
        return cls(*members_of(cls._field(), value))  # type: ignore[call-arg]

    @classmethod
    def _field(cls) -> str:
        return f"limits.{cls.kind}"


def checked_members(field: str, value: Any, *, accounts: bool = False) -> tuple[Member, ...]:
    """The members of a list, each once. Raises InvalidValue for what is no list of ids and groups, and for cash."""
    fix = f"write {field}: {EXAMPLE}"
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise InvalidValue(field, value, "a list of asset ids and groups is needed", fix=fix)
    members = [_member(field, item, fix, accounts=accounts) for item in value]
    if not members:
        raise InvalidValue(field, [], "names nothing", fix=f"{fix}, or leave it out")
    return tuple(member for k, member in enumerate(members) if member not in members[:k])


def _member(field: str, item: Any, fix: str, *, accounts: bool) -> Member:
    if isinstance(item, str):
        if item == CASH:
            raise InvalidValue(field, item, "does not bind cash", fix="write limits.cash to bind money")
        return item
    if isinstance(item, Mapping) and ACCOUNT in item:
        return _account(field, item, fix, taken=accounts)
    if not isinstance(item, Mapping) or len(item) != 1 or next(iter(item)) not in GROUPS:
        raise InvalidValue(field, item, "is neither an asset id nor one group", fix=fix)
    group, name = next(iter(item.items()))
    if not isinstance(name, str):
        raise InvalidValue(f"{field}.{group}", name, "the name of a group is a text", fix=fix)
    return {group: name}


def _account(field: str, item: Mapping[str, Any], fix: str, *, taken: bool) -> Member:
    if not taken:
        stays = f'what lies in it stays by do_not_sell: [{{"account": "{item[ACCOUNT]}"}}]'
        why = "is an account, and orders do not say into which they buy: a book is decided as one"
        raise InvalidValue(field, dict(item), why, fix=f"name the assets: {fix}; {stays}")
    if not isinstance(item[ACCOUNT], str) or not item.keys() <= {ACCOUNT, "holds"}:
        raise InvalidValue(field, dict(item), "is no account", fix=f'write {field}: [{{"account": "IRA"}}]')
    return dict(item)


def _is_account(member: Member) -> bool:
    return not isinstance(member, str) and ACCOUNT in member


def members_of(field: str, value: Any) -> tuple[Any, float]:
    """(assets, slack) of a list, or of {"assets": [...], "slack": 0.02}."""
    if not isinstance(value, Mapping):
        return value, 0.0
    given = options(field, value, ("assets", "slack"), example='{"assets": ["AAPL"]}')
    return required(field, given, "assets", example=EXAMPLE), given.get("slack") or 0.0


def groups_read(members: Iterable[Member]) -> tuple[str, ...]:
    """The attributes of assets that the members are told by."""
    said = {group for member in members if not isinstance(member, str) for group in member}
    return tuple(group for group in GROUPS if group in said)


def positions_of(field: str, members: Iterable[Member], universe: Universe) -> Indices:
    """(k,) positions, ascending. Raises InvalidValue for an asset or a group that the universe does not have."""
    found: set[int] = set()
    for member in members:
        if isinstance(member, str):
            if member not in universe.positions:
                raise unknown_name(field, member, member, [i for i in universe.ids if i != CASH], "asset")
            found.add(universe.positions[member])
            continue
        if _is_account(member):
            found.update(universe.positions[a] for a in _holds(field, member) if a in universe.positions)
            continue
        group, name = next(iter(member.items()))
        attribute = cast(Literal["sector", "asset_class"], group)
        known = universe.groups(attribute)
        if name not in known:
            raise unknown_name(f"{field}.{group}", name, name, known, group.replace("_", " "))
        found.update(known[name].tolist())
        found.update(universe.ungrouped(attribute).tolist())
    if universe.cash_position is not None:
        found.discard(universe.cash_position)
    return np.array(sorted(found), dtype=np.intp)


def _holds(field: str, member: Mapping[str, Any]) -> Mapping[str, float]:
    """Raises InvalidValue where nobody said what lies there: a choice of weights has no accounts."""
    if "holds" not in member:
        fix = "ask of holdings with a column account, or name the assets"
        raise InvalidValue(f"{field}.{ACCOUNT}", member[ACCOUNT], "is no account that is known here", fix=fix)
    holds: Mapping[str, float] = member["holds"]
    return holds


def in_words(members: Iterable[Member]) -> str:
    """ "AAPL, sector Energy" """
    return listed([_in_words(member) for member in members])


def _in_words(member: Member) -> str:
    if isinstance(member, str):
        return member
    if _is_account(member):
        return f"what lies in account {member[ACCOUNT]}"
    return " ".join(*member.items()).replace("_", " ")


def beyond(slack: float) -> str:
    """How far the limit was opened, as it reads in a description."""
    return f" beyond {percent(slack)} of the portfolio" if slack else ""

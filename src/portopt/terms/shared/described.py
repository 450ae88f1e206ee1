"""What is missing for a limit is not a pass: assets without the attribute that a limit reads.

They are bound as strictly as the limit binds anything (a class "(none)" under the smallest cap, a score that counts as the
worst, no holding where a score is a condition), or the limit refuses for want of the number, as liquidity limits do. Which
of the two a policy decides by data.missing_attribute; what was bound is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Limit
from portopt.domain.universe import Universe
from portopt.terms.shared.checks import listed

NOUNS = {"sector": "sector", "asset_class": "asset class", "quality_score": "quality score", "esg_score": "ESG score"}
SHOWN = 10


def require_described(limits: Iterable[Limit], universe: Universe, *, every: bool) -> None:
    """Raises MissingInput for a limit on an attribute that no asset has, or, with `every`, that some tradable asset lacks.

    On an attribute that nobody has a limit would forbid everything, or nothing, without a word.
    """
    for limit in limits:
        for attribute in limit.reads:
            blank = [universe.assets[i] for i in universe.lacking(attribute)]
            count = len(universe) - int(universe.is_cash.sum())
            lacking = [asset.id for asset in blank if asset.tradable]
            if len(blank) == count or (every and lacking):
                raise _undescribed(limit.kind, attribute, [a.id for a in blank] if len(blank) == count else lacking, count)


def _undescribed(kind: str, attribute: str, lacking: list[str], n: int) -> MissingInput:
    noun = NOUNS[attribute]
    whole = len(lacking) == n
    who = f"none of the {n} assets has one" if whole else f"{_names(lacking)} {'has' if len(lacking) == 1 else 'have'} none"
    return MissingInput(
        f"the policy limits {noun} ({kind}), and {who}",
        field=f"universe.{attribute}",
        value=None if whole else lacking[:20],
        measured={"assets": n, "with_" + attribute: n - len(lacking)},
        fixes=[
            f"add a column {attribute} to the holdings or universe file"
            if whole
            else f"give {_names(lacking)} a value in the column {attribute}",
            *([] if whole else ["set the policy's data.missing_attribute to 'bind': they are then held to the strictest side"]),
            f"take the limit away (limits.{kind} = null)",
        ],
    )


def notes_on_missing(limits: Iterable[Limit], universe: Universe, w_prev: Vector | None) -> tuple[str, ...]:
    """A sentence for each attribute that a limit reads and that some asset which is held or may be bought lacks."""
    return tuple(_notes(limits, universe, w_prev))


def _notes(limits: Iterable[Limit], universe: Universe, w_prev: Vector | None) -> Iterator[str]:
    for limit in limits:
        for attribute in limit.reads:
            lacking = [
                universe.ids[i]
                for i in universe.lacking(attribute)
                if universe.assets[i].tradable or (w_prev is not None and w_prev[i] != 0.0)
            ]
            if lacking:
                verb = "has" if len(lacking) == 1 else "have"
                yield f"{_names(lacking)} {verb} no {NOUNS[attribute]}: {limit.of_the_undescribed()}"


def _names(ids: list[str]) -> str:
    return listed(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")

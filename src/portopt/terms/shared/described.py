"""What is missing for a limit is not a pass: assets without the attribute that a limit reads.

They are bound as strictly as the limit binds anything (a class "(none)" under the smallest cap, a score that counts as the
worst, no holding where a score is a condition), or the limit refuses for want of the number, as liquidity limits do. Which
of the two a policy decides by data.missing_attribute; what was bound is said. What a limit exempts by asset class it says
so as data, and which assets those are is said too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Limit
from portopt.domain.universe import CASH, Asset, Universe, is_blank
from portopt.terms.shared.checks import listed

NOUNS = {"sector": "sector", "asset_class": "asset class", "quality_score": "quality score", "esg_score": "ESG score"}
SHOWN = 10


def require_described(limits: Iterable[Limit], universe: Universe, *, every: bool) -> None:
    """Raises MissingInput for a limit on an attribute that no asset has, or, with `every`, that some tradable asset lacks.

    On an attribute that nobody has a limit would forbid everything, or nothing, without a word.
    """
    for limit in limits:
        asked = _asked_of(limit, universe)
        for attribute in limit.reads if asked or not limit.of_the_exempt() else ():
            blank = [asset for asset in asked if is_blank(getattr(asset, attribute))]
            lacking = [asset.id for asset in blank if asset.tradable]
            if len(blank) == len(asked):
                raise _undescribed(limit, attribute, [a.id for a in blank], len(asked))
            if every and lacking:
                raise _undescribed(limit, attribute, lacking, len(asked))


def _asked_of(limit: Limit, universe: Universe) -> list[Asset]:
    """The assets but cash that the limit does not exempt."""
    assets = [asset for asset in universe.assets if asset.id != CASH]
    return [asset for asset in assets if not limit.exempts(asset)] if limit.of_the_exempt() else assets


def _undescribed(limit: Limit, attribute: str, lacking: list[str], n: int) -> MissingInput:
    noun, kind = NOUNS[attribute], limit.kind
    whole = len(lacking) == n
    of = f"the {n} assets" if not limit.of_the_exempt() else f"the {n} assets that are not exempt"
    who = f"none of {of} has one" if whole else f"{_names(lacking)} {_have(lacking)} none"
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
            *([f"exempt a class that is not scored: limits.{kind}.exempt_classes = [its class]"] if limit.scored_by else []),
            f"take the limit away (limits.{kind} = null)",
        ],
    )


def notes_on_missing(limits: Iterable[Limit], universe: Universe, w_prev: Vector | None) -> tuple[str, ...]:
    """A sentence for each attribute that a limit reads and that some asset which is held or may be bought lacks."""
    return tuple(_notes(limits, universe, w_prev))


def _notes(limits: Iterable[Limit], universe: Universe, w_prev: Vector | None) -> Iterator[str]:
    for limit in limits:
        for attribute in limit.reads:
            concerned = [universe.assets[i] for i in universe.lacking(attribute) if _concerns(universe, w_prev, int(i))]
            lacking = [asset.id for asset in concerned if not limit.exempts(asset)]
            if lacking:
                yield f"{_names(lacking)} {_have(lacking)} no {NOUNS[attribute]}: {limit.of_the_undescribed()}"
        if limit.of_the_exempt():
            concerned = [asset for i, asset in enumerate(universe.assets) if _concerns(universe, w_prev, i)]
            exempt = [asset.id for asset in concerned if asset.id != CASH and limit.exempts(asset)]
            if exempt:
                yield f"{_names(exempt)} {'is' if len(exempt) == 1 else 'are'} {limit.of_the_exempt()}"


def _concerns(universe: Universe, w_prev: Vector | None, i: int) -> bool:
    """Whether an asset is held or may be bought."""
    return universe.assets[i].tradable or (w_prev is not None and w_prev[i] != 0.0)


def _have(ids: list[str]) -> str:
    return "has" if len(ids) == 1 else "have"


def _names(ids: list[str]) -> str:
    return listed(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")

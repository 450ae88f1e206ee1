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
from portopt.domain.universe import CASH, Asset, Universe, is_blank
from portopt.terms.shared.checks import listed

NOUNS = {"sector": "sector", "asset_class": "asset class", "quality_score": "quality score", "esg_score": "ESG score"}
SHOWN = 10


def attributes_read(limit: Limit) -> tuple[str, ...]:
    """The attributes of assets that a limit reads: sector, asset_class, quality_score, esg_score."""
    found: tuple[str, ...] = getattr(_asked(limit), "reads", ())
    return found


def require_described(limits: Iterable[Limit], universe: Universe, *, every: bool) -> None:
    """Raises MissingInput for a limit on an attribute that no asset has, or, with `every`, that some tradable asset lacks.

    On an attribute that nobody has a limit would forbid everything, or nothing, without a word.
    """
    for limit in limits:
        for attribute in attributes_read(limit):
            assets = [asset for asset in universe.assets if asset.id != CASH]
            lacking = [asset.id for asset in assets if is_blank(getattr(asset, attribute)) and asset.tradable]
            none_has = all(is_blank(getattr(asset, attribute)) for asset in assets)
            if none_has or (every and lacking):
                raise _undescribed(limit.kind, attribute, [a.id for a in assets] if none_has else lacking, len(assets))


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
    """A sentence for each attribute that a limit reads and that some asset which is held or may be bought lacks.

    w_prev: (n,) weights before the trade, None without a book.
    """
    held = [False] * len(universe) if w_prev is None else list(w_prev != 0.0)
    counted = [
        asset for asset, some in zip(universe.assets, held, strict=True) if asset.id != CASH and (asset.tradable or some)
    ]
    return tuple(_notes(limits, counted))


def _notes(limits: Iterable[Limit], assets: list[Asset]) -> Iterator[str]:
    for limit in limits:
        for attribute in attributes_read(limit):
            lacking = [asset.id for asset in assets if is_blank(getattr(asset, attribute))]
            if lacking:
                verb = "has" if len(lacking) == 1 else "have"
                yield f"{_names(lacking)} {verb} no {NOUNS[attribute]}: {_asked(limit).of_the_undescribed()}"  # type: ignore[attr-defined]


def _asked(limit: Limit) -> Limit:
    """The limit itself, of a wish too."""
    inner: Limit = getattr(limit, "limit", limit) if limit.soft else limit
    return inner if hasattr(inner, "kind") else limit


def _names(ids: list[str]) -> str:
    return listed(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")

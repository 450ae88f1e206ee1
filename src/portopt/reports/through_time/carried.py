"""The data that the page carries: the whole document where it fits, else without what the files beside it have in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.canonical import canonical_text
from portopt.domain.folding import folded

Row = Mapping[str, Any]
LEGIBLE = 300_000  # characters of data that may stand in the page as they are
MOST = 1_200_000  # characters of folded data that leave room for the page itself in two million
LEAST_FOLDED = 0.2  # no document of ours folds to less of itself: one that is larger by this is not tried
TRADES_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Carried:
    """text: JSON, folded or not. left_out: a sentence for each thing that is in the files alone."""

    text: str
    is_folded: bool
    left_out: tuple[str, ...] = ()


def carried(document: Row) -> Carried:
    """The same document gives the same text."""
    said: list[str] = []
    for sentence, without in (("", dict), *_STEPS):
        document = without(document)
        said += [sentence] if sentence else []
        text = canonical_text(document)
        if len(text) <= LEGIBLE:
            return Carried(text, False, tuple(said))
        if len(text) * LEAST_FOLDED > MOST:
            continue
        letters = folded(text)
        if len(letters) <= MOST:
            break
    else:
        letters = folded(text)
    return Carried(letters, True, tuple(said))


def _without_of_rebalances(*names: str) -> Callable[[Row], Row]:
    def without(document: Row) -> Row:
        rows = [{k: v for k, v in row.items() if k not in names} for row in document.get("rebalances") or ()]
        return {**document, "rebalances": rows} if rows else document

    return without


def _first_trades(document: Row) -> Row:
    named = ("trades", "happenings", "unfilled")
    cut = {name: list(document[name])[:TRADES_KEPT] for name in named if document.get(name)}
    return {**document, **cut}


_STEPS: tuple[tuple[str, Callable[[Row], Row]], ...] = (
    (
        f"Of trades and happenings these data hold the first {TRADES_KEPT:,}; the files beside this page have all of them.",
        _first_trades,
    ),
    ("These data hold no weights before rounding; the files have them.", _without_of_rebalances("target")),
    ("These data hold no weights of the decisions; the files have them.", _without_of_rebalances("weights")),
    ("These data hold no limits of the decisions; the files have them.", _without_of_rebalances("binding")),
)

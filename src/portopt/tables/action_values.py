"""What a cell of a table of corporate actions says: its kind, in the words of people and vendors, and its ratio as integers."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["split", "dividend", "spin_off", "delisting"]

KINDS: dict[Kind, tuple[str, ...]] = {
    "dividend": ("dividend", "dividends", "div", "cash dividend", "special dividend", "special cash dividend", "regular cash",
                 "special cash", "income", "distribution", "capital gains distribution", "return of capital", "interim",
                 "final", "dividende", "ausschüttung", "sonderdividende"),
    "split": ("split", "splits", "stock split", "forward split", "reverse split", "reverse stock split", "share consolidation",
              "consolidation", "stock dividend", "bonus issue", "bonus", "aktiensplit", "reverse-split", "zusammenlegung"),
    "spin_off": ("spin off", "spinoff", "spin_off", "demerger", "abspaltung"),
    "delisting": ("delisting", "delisted", "delist", "liquidation", "acquisition", "cash merger", "removed"),
}  # fmt: skip
CONSOLIDATIONS = (
    "reverse split",
    "reverse stock split",
    "share consolidation",
    "consolidation",
    "reverse-split",
    "zusammenlegung",
)
ON_TOP = ("stock dividend", "bonus issue", "bonus")  # a ratio there says what comes on top of each share


def kind_of_action(words: str) -> tuple[Kind | None, str]:
    """(kind, the words as they are compared); None for what is not known."""
    plain = re.sub(r"[\s_-]+", " ", words.strip().lower())
    found = next((kind for kind, known in KINDS.items() if plain in known or plain.replace(" ", "-") in known), None)
    return found, plain

"""Which rows name the columns: below titles, above values; sometimes one row, sometimes two or three."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portopt.tables.account import Account, in_words, shown
from portopt.tables.names import ASSET, CLOSE, DATE, INDEX, QUOTES, VOLUME, plain_name

NAMES_COLUMNS = 8  # a row that names two columns that cannot be done without, or a date and more than a long table has
SEARCHED = 60  # rows that are looked through for names
DATED = re.compile(r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")

Record = tuple[int, Sequence[str]]
Score = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class Head:
    """names: of the columns. levels: rows of names above them. titles: what stands above. body: position of what follows."""

    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    titles: tuple[Record, ...]
    body: int
    score: int


def score_of_prices(cells: Sequence[str]) -> int:
    """How much a row looks like the names of a price table; 0 is not at all."""
    plain = [plain_name(cell) for cell in cells]
    if not any(plain) or any(DATED.match(cell) for cell in cells):
        return 0
    if any(name in DATE for name in plain):
        return 4 + sum(name in (*ASSET, *CLOSE, *VOLUME) for name in plain)
    known = sum(name in (*ASSET, *QUOTES) for name in plain)
    if known >= 2:
        return 2
    return 1 if plain[0] in INDEX and any(plain[1:]) else 0


def score_of(spellings: Sequence[str], needed: Sequence[Sequence[str]]) -> Score:
    """How much a row looks like the names of a table by hand. needed: columns that it cannot do without."""

    def score(cells: Sequence[str]) -> int:
        plain = {plain_name(cell) for cell in cells}
        return len(plain & set(spellings)) + 4 * sum(bool(plain & set(names)) for names in needed)

    return score


def find_head(records: Sequence[Record], score: Score) -> Head | None:
    """The best-scoring row among the first, and the rows of names around it; None where there is no row at all.

    Where no row scores, the first one is taken for the names: what is missing is then said about them.
    """
    filled = [(i, number, cells) for i, (number, cells) in enumerate(records[:SEARCHED]) if any(c.strip() for c in cells)]
    if not filled:
        return None
    scores = [score(cells) for _, _, cells in filled]
    best = next((found for found in scores if found >= NAMES_COLUMNS), max(scores))
    at = scores.index(best)  # of two tables in a file the first, however many columns the second has
    if best == 0:
        at = 0
    position, _, cells = filled[at]
    above = [(number, row) for _, number, row in filled[:at]]
    if _names_the_index(cells) and above:  # `Date,,`: the names stand above it
        levels = [row for _, row in above[-2:] if sum(bool(c.strip()) for c in row[1:]) >= 1 and len(row) == len(cells)]
        if levels:
            names = (cells[0], *levels[-1][1:])
            titles = above[: len(above) - len(levels)]
            return Head(_stripped(names), tuple(_stripped((cells[0], *level[1:])) for level in levels[:-1]), tuple(titles),
                        position + 1, best)  # fmt: skip
    fields = _fields_above(above[-1][1], cells) if above else None
    if fields is not None:  # tickers or fields over several columns, the date beside what repeats below
        return Head(_stripped(cells), (fields,), tuple(above[:-1]), position + 1, best)
    below = filled[at + 1] if at + 1 < len(filled) else None
    if below is not None and _fields_repeat(cells) and not below[2][0].strip() and len(below[2]) == len(cells):
        names = (cells[0], *below[2][1:])
        return Head(_stripped(names), (_stripped(cells),), tuple(above), below[0] + 1, best)
    return Head(_stripped(cells), (), tuple(above), position + 1, best)


def title_words(head: Head) -> tuple[str, ...]:
    """What stands above the names of the columns, a text a row."""
    return tuple(" ".join(c.strip() for c in cells if c.strip()) for _, cells in head.titles)


def note_titles(head: Head, said: Account) -> None:
    if head.titles:
        rows = [f"row {number} ({shown(' '.join(c.strip() for c in cells if c.strip()))})" for number, cells in head.titles]
        stands = "stands" if len(rows) == 1 else "stand"
        said.note(
            f"{in_words(rows)} {stands} above the names of the columns and {'was' if len(rows) == 1 else 'were'} not read"
        )


def _names_the_index(cells: Sequence[str]) -> bool:
    return plain_name(cells[0]) in (*DATE, *INDEX[1:]) and len(cells) > 1 and not any(c.strip() for c in cells[1:])


def _fields_above(above: Sequence[str], cells: Sequence[str]) -> tuple[str, ...] | None:
    """The row above names that stand more than once, merged cells filled; None where it does not tell them apart."""
    others = [plain_name(c) for c in cells[1:]]
    if len(others) == len(set(others)) or len(above) != len(cells) or not any(name in DATE for name in map(plain_name, cells)):
        return None
    filled = list(_stripped(above))
    for i in range(2, len(filled)):
        filled[i] = filled[i] or filled[i - 1]
    pairs = list(zip(filled[1:], others, strict=True))
    fields = all(name in QUOTES for name in others) or all(plain_name(name) in QUOTES for name in filled[1:])
    return tuple(filled) if fields and len(pairs) == len(set(pairs)) else None


def _fields_repeat(cells: Sequence[str]) -> bool:
    others = [plain_name(c) for c in cells[1:] if c.strip()]
    return len(others) > 0 and all(name in QUOTES for name in others) and plain_name(cells[0]) in (*DATE, *INDEX)


def _stripped(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)

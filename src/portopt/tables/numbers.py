"""A column of text to numbers: the whole column decides whether the comma or the point is the decimal mark.

    1234.5   1,234.5   1,234,567      only a point can be the decimal mark
    1234,5   1.234,5   1.234.567      only a comma can be
    1,234    1.234                    either: other cells decide, then the other columns of the file, then its separator
                                      (between commas a point is the decimal mark); else the reader is asked, by the cell

Spaces and apostrophes between groups of three digits, a sign of money, brackets for a negative are what they are everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

MISSING = ("", "na", "n/a", "#n/a", "#na", "#n/a n/a", "n.a.", "n.a", "null", "none", "nil", "-", "--", "–", "—", "#value!",
           "#ref!", "#div/0!", "#name?", "#null!", "#num!", "<na>", "nat")  # fmt: skip
MONEY = "$€£¥"
SIGN = r"^[+-]?"
TAIL = r"(?:[eE][+-]?[0-9]{1,3})?$"
GROUPED = {
    mark: rf"(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|[1-9][0-9]?(?:{group}[0-9]{{2}})+{group}[0-9]{{3}})"
    for mark, group in ((".", ","), (",", r"\."))
}
READS = {
    ".": rf"{SIGN}(?:{GROUPED['.']}(?:\.[0-9]*)?|[0-9]+\.?[0-9]*|\.[0-9]+){TAIL}",
    ",": rf"{SIGN}(?:{GROUPED[',']}(?:,[0-9]*)?|[0-9]+,?[0-9]*|,[0-9]+){TAIL}",
}
EITHER = rf"{SIGN}[1-9][0-9]{{0,2}}[.,][0-9]{{3}}$"
MARKED = r"[.,]"
UNSAID = "nothing in the column says"


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column read. text: the numbers with a decimal point and nothing else, null where there is none.

    missing: words that say "no value", with how many cells hold them. wrong: (position, why) of what is no number.
    signs: of money, that were left off.
    """

    text: pl.Series
    mark: str | None
    missing: dict[str, int]
    wrong: tuple[tuple[int, str], ...]
    signs: tuple[str, ...] = ()
    percent: bool = False


def evidence_of(columns: Sequence[pl.Series]) -> str | None:
    """The decimal mark that the columns of a file which hold numbers show; None where they show none, or both."""
    shown = {mark for values in columns if values.dtype == pl.String for mark in _shown(_bare(values)[0])}
    return shown.pop() if len(shown) == 1 else None


def numbers_of(values: pl.Series, told: str | None, other: str | None = None, *, percent: bool = False) -> Numbers:
    """A column of text.

    Args:
        told: the decimal mark that the form of the file tells. other: that which the file's other columns show.
        percent: whether 12.5% means 0.125 here.
    """
    if _machine(values, told, other):
        return Numbers(values, ".", {}, ())
    bare, missing, signs = _bare(values)
    wrong: list[tuple[int, str]] = []
    bare, percents = _without_percents(bare, percent, wrong)
    if len(signs) > 1:
        wrong.append((0, f"and the cells below name several currencies ({', '.join(signs)})"))
    marks = _marks(bare)
    none = ~marks.any & bare.is_not_null() & ~_endless(bare)
    wrong += [(int(i), "is not a number") for i in none.arg_true()]
    bare = bare.set(none, None)
    mark = _decided(bare, marks, told, other, wrong)
    return Numbers(_pointed(bare, mark), mark, missing, tuple(sorted(wrong)), tuple(signs), percents)


def _without_percents(bare: pl.Series, percent: bool, wrong: list[tuple[int, str]]) -> tuple[pl.Series, bool]:
    """The column without its percent signs, and whether it had them; where they mean nothing they are among what is wrong."""
    percents = bare.str.ends_with("%").fill_null(False)
    if not percents.any():
        return bare, False
    if percent and (percents | bare.is_null()).all():
        return bare.str.strip_suffix("%").str.strip_chars(), True
    why = "is a percentage among numbers" if percent else "is a percentage"
    wrong += [(int(i), why) for i in percents.arg_true()]
    return bare.set(percents, None), False


def _endless(bare: pl.Series) -> pl.Series:
    """NaN and infinity are numbers to a machine: what is done about them is decided where the data are judged."""
    return bare.str.to_lowercase().str.contains(r"^(?:nan|[+-]?inf(?:inity)?)$").fill_null(False)


def _machine(values: pl.Series, told: str | None, other: str | None) -> bool:
    """Whether every cell is a number as machines write it, and there is no doubt about the point: no need to look closer."""
    if other == "," or values.cast(pl.Float64, strict=False).null_count() != values.null_count():
        return False
    if told == ".":
        return True
    dotted = values.str.contains(".", literal=True)
    return not dotted.any() or bool((dotted & ~values.str.contains(EITHER)).any())


def undecided(values: pl.Series) -> str | None:
    """A cell whose point could part thousands, where no other cell says that it does not; None where there is none."""
    marked = values.str.contains(MARKED).fill_null(False)
    either = values.str.strip_chars().str.contains(EITHER).fill_null(False)
    return str(values[int(either.arg_max() or 0)]).strip() if marked.any() and bool((either == marked).all()) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Marks:
    """What each cell says. point, comma: it can only have that decimal mark. either: it can have both, and means two numbers.

    any: it is a number at all.
    """

    point: pl.Series
    comma: pl.Series
    either: pl.Series
    any: pl.Series


def _marks(bare: pl.Series) -> _Marks:
    point, comma = (bare.str.contains(READS[mark]).fill_null(False) for mark in (".", ","))
    return _Marks(point & ~comma, comma & ~point, bare.str.contains(EITHER).fill_null(False), point | comma)


def _decided(bare: pl.Series, marks: _Marks, told: str | None, other: str | None, wrong: list[tuple[int, str]]) -> str:
    """The column's decimal mark; what leaves it undecided is put among what is wrong."""
    if marks.point.any() and marks.comma.any():
        at, beside = int(marks.point.arg_max() or 0), int(marks.comma.arg_max() or 0)
        wrong.append((at, f"has a decimal point, {bare[beside]!r} in the same column a decimal comma"))
        return "."
    if marks.point.any() or marks.comma.any():
        return "." if marks.point.any() else ","
    if not marks.either.any():
        return "."
    if other is not None:
        return other
    dotted = (marks.either & bare.str.contains(".", literal=True)).fill_null(False)
    if told == "." and bool((dotted == marks.either).all()):
        return "."
    at = int(marks.either.arg_max() or 0)
    whole, part = _meanings(str(bare[at]))
    sign = "comma" if "," in str(bare[at]) else "point"
    wrong.append((at, f"may be {whole} or {part}: {UNSAID} what its {sign} is"))
    return "."


def advice(text: str, why: str) -> str:
    """What would mend a cell that is no number, or may be two: in one step, whichever is meant."""
    if UNSAID in why:
        whole, part = _meanings(text.strip())
        return f"write all such numbers without a separator ({whole}), or with another decimal where it is one ({part}0)"
    if "is a percentage" in why:
        return "write numbers, not percentages"
    if "decimal comma" in why:
        return "write all numbers of the column with the same decimal mark"
    if "currencies" in why:
        return "keep the amounts of each currency in a file of their own"
    return "write numbers with digits and a decimal point; leave missing ones empty"


def _meanings(text: str) -> tuple[str, str]:
    """1,234 as 1234 and as 1.234."""
    return text.replace(",", "").replace(".", ""), text.replace(",", ".")


def _pointed(bare: pl.Series, mark: str) -> pl.Series:
    """The same numbers with a decimal point and no groups."""
    if mark == ",":
        return bare.str.replace_all(".", "", literal=True).str.replace_all(",", ".", literal=True)
    return bare.str.replace_all(",", "", literal=True)


def _bare(values: pl.Series) -> tuple[pl.Series, dict[str, int], list[str]]:
    """Text without spaces, signs of money and brackets; words for "missing" are null, and counted."""
    text = values.str.strip_chars().str.replace("−", "-", literal=True)
    gone = text.str.to_lowercase().is_in(list(MISSING)).fill_null(False)
    missing: dict[str, int] = {}
    if gone.any():
        words = text.filter(gone & (text != "")).value_counts(sort=False)
        missing = dict(sorted(words.iter_rows()))
        text = text.set(gone, None)
    signs: list[str] = []
    if text.str.contains(rf"[{MONEY} '’()]").any():
        signs = sorted({sign for sign in MONEY if text.str.contains(sign, literal=True).any()})
        text = (
            text.str.replace(r"^\((.*)\)$", "-$1")
            .str.replace(rf"^([+-]?)[{MONEY}]\s*", "$1")
            .str.replace(rf"\s*[{MONEY}]$", "")
        )
        grouped = text.str.contains(r"^[+-]?[0-9]{1,3}(?:[ '’][0-9]{3})+(?:[.,][0-9]*)?$").fill_null(False)
        text = _grouped_out(text, grouped)
    return text, missing, signs


def _grouped_out(text: pl.Series, grouped: pl.Series) -> pl.Series:
    return text.zip_with(~grouped, text.str.replace_all(r"[ '’]", ""))


def _shown(bare: pl.Series) -> set[str]:
    """The decimal marks that the cells of a column can only have; none where it holds anything but numbers."""
    marks = _marks(bare)
    if not (marks.any | bare.is_null()).all():
        return set()
    return {mark for mark, only in ((".", marks.point), (",", marks.comma)) if only.any()}

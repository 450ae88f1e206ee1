"""Corporate actions from a table people keep or a vendor sends: a row an action, its columns by any of their usual names.

    asset, ex_date, type, amount | ratio | into | proceeds, pay_date, known_from          one action a row
    symbol, date, dividends, stock_splits                                                 both on one day, 0 for neither

A ratio is new shares for each old one: 7:1 makes seven of one, 1:7 one of seven. Whether the prices agree is asked where there
are prices (market/action_checks.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from portopt.domain.action import Action
from portopt.domain.ratios import ratio_of
from portopt.tables.account import Account, shown
from portopt.tables.action_values import CONSOLIDATIONS, ON_TOP, Kind, kind_of_action
from portopt.tables.dates import read_days
from portopt.tables.delivered import Delivered
from portopt.tables.names import ASSET, DATE
from portopt.tables.rows import Row, Wanted, file_name, read_rows, rows_of
from portopt.tables.table import Table

ACTIONS = Wanted(
    {
        "asset": (*ASSET, "wertpapier", "kürzel"),
        "amount": ("amount", "dividend", "dividends", "cash_amount", "dividend_amount", "cash_dividend", "gross_amount",
                   "value", "betrag", "dividende", "wert"),
        "ex_date": ("ex_date", "exdate", "ex_dividend_date", "ex_div_date", "ex_day", "effective_date", *DATE, "datum",
                    "ex_tag", "ex_datum"),
        "type": ("type", "action", "kind", "event", "event_type", "action_type", "corporate_action", "typ", "art"),
        "ratio": ("ratio", "split_ratio", "split", "splits", "stock_split", "stock_splits", "factor", "split_factor",
                  "verhältnis", "faktor"),
        "pay_date": ("pay_date", "paydate", "payment_date", "payable_date", "paid_on", "zahltag", "zahldatum"),
        "into": ("into", "new_asset", "new_symbol", "new_ticker", "spun_off", "spinoff_symbol", "spin_off_asset"),
        "proceeds": ("proceeds", "price", "delisting_price", "final_price", "cash_price", "preis", "kurs"),
        "delisting_return": ("delisting_return", "return", "dlret"),
        "known_from": ("known_from", "declared", "declaration_date", "announced", "announcement_date"),
    },
    required=("asset", "ex_date"), numbers=("amount", "proceeds", "delisting_return"),
    beside=("record_date", "currency", "ccy", "name", "frequency", "id", "exchange"), what="actions",
    percent=("delisting_return",),
)  # fmt: skip
DATES = ("ex_date", "pay_date", "known_from")
NEEDS: dict[Kind, tuple[str, ...]] = {
    "dividend": ("amount",),
    "split": ("ratio",),
    "spin_off": ("ratio", "into"),
    "delisting": (),
}


@dataclass(frozen=True, slots=True)
class _Read:
    """A row with its days, and what its cells are called in sentences."""

    row: Row
    days: Mapping[str, date | None]
    where: str

    def get(self, name: str) -> str | None:
        return self.row.get(name)


def read_actions(path: str | Path | Delivered, notes: list[str] | None = None) -> tuple[Action, ...]:
    """Every action of a CSV, TSV, XLSX, Parquet or JSON file, or of a body that holds what one would; in order of ex dates.

    notes: is told what was not read, decided or cleaned. Raises FileNotReadable, MalformedDocument, UnknownField; DataError
    naming row and column of everything wrong at once.
    """
    said = Account(file_name(path))
    actions = actions_of(read_rows(path, ACTIONS, said), said)
    if notes is not None:
        notes += said.notes
    return actions


def actions_of_tables(tables: Iterable[Table], said: Account, assets: Collection[str] | None) -> tuple[Action, ...]:
    """The actions of tables that are read already, those of `assets` (None: all); a table without rows has none."""
    rows = [row for table in tables if table.height for row in rows_of(table, ACTIONS, said)]
    return tuple(action for action in actions_of(rows, said) if assets is None or action.asset_id in assets)


def actions_of(rows: Sequence[Row], said: Account) -> tuple[Action, ...]:
    """The actions of rows with the columns of ACTIONS. Raises DataError naming all that is wrong."""
    days = days_of_rows(rows, DATES, said)
    found: dict[Action, int] = {}
    for row in rows:
        read = _Read(row, {name: days.get(row.get(name) or "") for name in DATES}, f"row {row.number}")
        for action in _of_row(read, said):
            if action in found:
                said.note(f"row {row.number} repeats row {found[action]} and was not read again")
            found.setdefault(action, row.number)
    _contradictions(found, said)
    said.finish("actions")
    return tuple(sorted(found, key=lambda action: (action.ex_date, action.asset_id, action.kind, str(action.amount))))


def days_of_rows(rows: Sequence[Row], columns: Sequence[str], said: Account) -> Mapping[str, date | None]:
    """The day of each text in these columns: all of them together say whether the day or the month comes first."""
    places: dict[str, tuple[int, str]] = {}
    for name in columns:
        for row in rows:
            if (text := row.get(name)) is not None:
                places.setdefault(text, (row.number, name))
    days, wrong, note = read_days(list(places))
    for text, why in wrong.items():
        if why:
            number, name = places[text]
            said.wrong(f"row {number}, column {name}: {shown(text)} {why}", "write dates as YYYY-MM-DD")
    if note:
        said.note(note)
    return days


def _of_row(read: _Read, said: Account) -> Iterator[Action]:
    asset, day = read.get("asset"), read.days["ex_date"]
    if asset is None:
        said.wrong(f"{read.where}: no asset", "name the asset of every row")
    if read.get("ex_date") is None:
        said.wrong(f"{read.where}: no ex date", "write the ex date of every row")
    kinds = list(_kinds(read, said))
    if asset is None or day is None:
        return
    for kind, words in kinds:
        action = _action(kind, words, asset, day, read, said)
        if action is not None:
            yield action


def _kinds(read: _Read, said: Account) -> Iterator[tuple[Kind, str]]:
    """What a row is: as its type says, or, without a type, by the cells that are filled."""
    words = read.get("type")
    if words is not None:
        kind, plain = kind_of_action(words)
        if kind is None:
            fix = "write dividend, split, spin_off or delisting"
            said.wrong(f"{read.where}, column type: {shown(words)} is no kind of action that is known", fix)
        else:
            yield kind, plain
        return
    filled: dict[Kind, bool] = {"dividend": _filled(read, "amount"), "split": _filled(read, "ratio") and not read.get("into")}
    filled["spin_off"] = read.get("into") is not None
    filled["delisting"] = _filled(read, "proceeds") or read.get("delisting_return") is not None
    if not any(filled.values()) and not (read.get("amount") or read.get("ratio")):
        said.wrong(f"{read.where}: nothing says what happened", "write a column type: dividend, split, spin_off or delisting")
    for kind, there in filled.items():
        if there:
            yield kind, kind


def _filled(read: _Read, name: str) -> bool:
    text = read.get(name)
    return text is not None and text.replace(",", ".").strip("0.") != ""


def _action(kind: Kind, words: str, asset: str, day: date, read: _Read, said: Account) -> Action | None:
    for name in NEEDS[kind]:
        if read.get(name) is None and not (name == "ratio" and read.get("amount")):
            said.wrong(f"{read.where}: the {kind} of {asset} on {day} does not say its {name}", f"fill the column {name}")
            return None
    ratio = _ratio(words, asset, day, read, said) if kind in ("split", "spin_off") else None
    amount = _number(read, "amount") if kind == "dividend" else None
    if kind == "dividend" and amount is not None and amount <= 0:
        said.wrong(f"{read.where}: {asset} on {day}: a dividend of {amount} a share", "write an amount above zero, or no row")
        return None
    if kind in ("split", "spin_off") and ratio is None:
        return None
    pay_date = read.days["pay_date"] if kind == "dividend" else None
    if pay_date is not None and pay_date < day:
        said.wrong(f"{read.where}: {asset}: paid on {pay_date}, before its ex date {day}", "correct one of the two dates")
    proceeds, delisting_return = _ending(asset, day, read, said) if kind == "delisting" else (None, None)
    into = read.get("into") if kind == "spin_off" else None
    if into == asset:
        said.wrong(f"{read.where}: {asset} spins off itself on {day}", "name the asset that is new in column into")
    return Action(asset, kind, day, pay_date, ratio, amount, into, proceeds, delisting_return, read.days["known_from"])


def _ratio(words: str, asset: str, day: date, read: _Read, said: Account) -> tuple[int, int] | None:
    """(new, old). Of a consolidation 10:1 and 1:10 are the same; of a stock dividend 5 % is 1.05."""
    text = read.get("ratio") or read.get("amount") or ""
    ratio = ratio_of(text)
    if ratio is None:
        said.wrong(f"{read.where}, column ratio: {shown(text)} is no ratio", "write new shares for each old one: 2:1, or 0.5")
        return None
    if words in CONSOLIDATIONS and ratio > 1:
        said.note(f"{read.where}: a {words} of {shown(text)} makes {ratio.denominator} of {ratio.numerator}")
        ratio = 1 / ratio
    if words in ON_TOP and ratio < 1:
        said.note(f"{read.where}: a {words} of {shown(text)} comes on top of each share: {ratio + 1}")
        ratio += 1
    if ratio == 1 and read.get("into") is None:
        said.wrong(f"{read.where}: a split of {asset} on {day} of one share into one", "write its ratio, or take the row out")
        return None
    return _pair(ratio)


def _pair(ratio: Fraction) -> tuple[int, int]:
    return ratio.numerator, ratio.denominator


def _ending(asset: str, day: date, read: _Read, said: Account) -> tuple[Decimal | None, Decimal | None]:
    """(price a share, return on the last price) of a delisting; neither means the last price."""
    proceeds, by_return = _number(read, "proceeds"), _number(read, "delisting_return")
    if proceeds is not None and proceeds < 0:
        said.wrong(f"{read.where}: {asset} on {day}: proceeds of {proceeds}", "write a price, 0 for worthless")
    if by_return is not None and by_return < -1:
        said.wrong(f"{read.where}: {asset} on {day}: a return of {by_return:%} loses more than all", "write -0.3 for -30 %")
    if proceeds is not None and by_return is not None:
        said.wrong(f"{read.where}: {asset} on {day}: a price and a return are both given", "keep one of them")
    return proceeds, by_return


def _number(read: _Read, name: str) -> Decimal | None:
    text = read.get(name)
    return None if text is None else Decimal(text)


def _contradictions(found: Mapping[Action, int], said: Account) -> None:
    """Two splits of one asset on one day, two ends of one asset; two dividends on one day are both paid, and told."""
    first: dict[tuple[str, str, date | None], Action] = {}
    for action, number in found.items():
        key = (action.asset_id, action.kind, None if action.kind == "delisting" else action.ex_date)
        other = first.setdefault(key, action)
        if other is action or action.kind == "spin_off":
            continue
        both = f"rows {found[other]} and {number}: {action.asset_id} has two {action.kind}s"
        if action.kind == "dividend":
            said.note(f"{both} on {action.ex_date}, {other.amount} and {action.amount} a share: both are paid")
        else:
            said.wrong(both if action.kind == "delisting" else f"{both} on {action.ex_date}", "keep one of the two rows")

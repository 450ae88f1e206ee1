"""A table written in any dialect and read back has the same values or is refused; it never has other values."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tables_generator import NOTHING, Dialect, days, dialect, number, written

from portopt.adapters.providers.files import FileProvider
from portopt.adapters.providers.holdings_files import read_benchmark, read_holdings
from portopt.domain.errors import PortoptError
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.decimals import decimal_of
from portopt.tables.head import score_of_prices
from portopt.tables.numbers import numbers_of
from portopt.tables.returns import returns_of
from portopt.tables.separated import _irregular, _regular
from portopt.tables.table import Table

NAMES = ("AAA", "BBB", "0700", "NA", "TRUE", "DAY", "OPEN", "Beta, Ltd")


def prices(rng: random.Random) -> dict[tuple[str, object], Decimal]:
    places = rng.choice((0, 2, 2, 3, 4))
    dates = days(rng, rng.randint(2, 12))
    scale = rng.choice((1, 100, 5000, 2_000_000))
    return {
        (name, day): Decimal(rng.randrange(1, 10**6) * scale) / 10**6 // Decimal(10) ** -places * Decimal(10) ** -places
        + Decimal(10) ** -places
        for name in rng.sample(NAMES, rng.randint(1, 4))
        for day in dates
        if rng.random() < 0.9
    }


def require_a_reason(error: PortoptError, seed: int) -> None:
    assert error.exit_code in (2, 4), (seed, error)
    assert error.fixes, (seed, error)


def require_names(error: PortoptError, names: list[str]) -> None:
    assert all(name in str(error) for name in names), (names, error)


def rows_of_prices(values: dict, how: Dialect, rng: random.Random, wide: bool) -> list[list[str]]:
    named = sorted({name for name, _ in values})
    dates = sorted({day for _, day in values})
    if not wide:
        order = sorted(values, key=lambda _: rng.random())
        rows = [[name, day.strftime(how.style), number(values[name, day], how)] for name, day in order]
        return [["Ticker", "Date", "Close"], *rows]
    empty = rng.choice(NOTHING)
    rows = [[d.strftime(how.style), *(number(values[n, d], how) if (n, d) in values else empty for n in named)] for d in dates]
    return [["Date", *named], *rows]


def test_prices_written_in_any_dialect_are_read_back_as_they_were_or_refused(tmp_path: Path):
    outcomes: Counter[str] = Counter()
    for seed in range(250):
        rng = random.Random(seed)
        how, values = dialect(rng), prices(rng)
        if not values:
            continue
        path = written(rows_of_prices(values, how, rng, wide=rng.random() < 0.6), how, tmp_path, f"p{seed}")
        try:
            table = FileProvider(path).prices(MarketQuery())
        except PortoptError as error:
            require_a_reason(error, seed)
            outcomes["refused"] += 1
            continue
        read = {(name, day): close for name, day, close in table.select("asset_id", "date", "close").rows()}
        assert read == {key: float(value) for key, value in values.items()}, (seed, how)
        outcomes["read"] += 1
    assert outcomes["read"] > 3 * outcomes["refused"], outcomes


def test_holdings_written_in_any_dialect_are_read_back_to_the_digit_or_refused(tmp_path: Path):
    outcomes: Counter[str] = Counter()
    for seed in range(250):
        rng = random.Random(1000 + seed)
        how = dialect(rng)
        held = {name: Decimal(rng.randrange(1, 10**7)) / 10 ** rng.choice((0, 0, 1, 2, 3, 4)) for name in rng.sample(NAMES, 4)}
        extra = [["Value", *(number(Decimal(rng.randrange(10**8)) / 100, how) for _ in held)]] if rng.random() < 0.5 else []
        rows = [["Symbol", "Quantity", *(column[0] for column in extra)]]
        rows += [[n, number(v, how), *(column[1 + i] for column in extra)] for i, (n, v) in enumerate(held.items())]
        if how.total:
            rows.append(["Total", "", *("" for _ in extra)])
        kind = "csv" if how.kind == "csv.gz" else how.kind
        path = written(rows, Dialect(**{f: getattr(how, f) for f in how.__slots__} | {"kind": kind}), tmp_path, f"h{seed}")
        try:
            read, _ = read_holdings(path)
        except PortoptError as error:
            require_a_reason(error, seed)
            outcomes["refused"] += 1
            continue
        assert dict(read.shares) == held, (seed, how)
        outcomes["read"] += 1
    assert outcomes["read"] > 3 * outcomes["refused"], outcomes


def test_benchmark_weights_in_percent_or_fractions_are_the_same(tmp_path: Path):
    for seed in range(60):
        rng = random.Random(seed)
        parts = [rng.randrange(1, 1000) for _ in range(5)]
        weights = [Decimal(round(1000 * part / sum(parts))) / 1000 for part in parts]
        weights[0] += 1 - sum(weights)
        mark, separator = rng.choice(((".", ","), (",", ";")))
        cells = [f"{100 * w:.2f}%" if seed % 2 else f"{w:.5f}" for w in weights]
        lines = ["asset" + separator + "weight", *(f"S{i}{separator}{cell.replace('.', mark)}" for i, cell in enumerate(cells))]
        (tmp_path / "b.csv").write_text("\n".join(lines))
        read = read_benchmark(tmp_path / "b.csv")
        assert read == pytest.approx({f"S{i}": float(w) for i, w in enumerate(weights)}, abs=1e-15)


def test_both_ways_to_split_lines_give_the_same_cells():
    for seed in range(150):
        rng = random.Random(seed)
        width, separator = rng.randint(1, 4), rng.choice(",;\t")
        alphabet = ["a", "1.5", "", " ", '"x"', f'"y{separator}z"', '"he said ""no"""', "é"]
        lines = [separator.join(rng.choice(alphabet) for _ in range(width)) for _ in range(rng.randint(1, 8))]
        lines = [line if line.strip(f"{separator} ") or width == 1 else "a" + line for line in lines]
        body = "\n".join(lines) + "\n"
        quick = _regular(body, separator, width, 2)
        if quick is None:
            continue
        slow, _ = _irregular(body, separator, width, 2, Account("t"), lambda cells: False)
        fast = pl.DataFrame(list(quick[0])).filter(pl.any_horizontal(pl.all().fill_null("").str.strip_chars() != ""))
        assert fast.fill_null("").rows() == pl.DataFrame(list(slow)).fill_null("").rows(), (seed, body)


def test_a_number_is_read_as_pythons_decimal_reads_it_once_its_marks_are_said():
    rng = random.Random(5)
    for _ in range(300):
        value = Decimal(rng.randrange(10**9)) / 10 ** rng.choice((1, 2, 4, 5))
        column = [value, Decimal("12.5")]  # the second says which mark is which
        for mark, group in ((".", ","), (",", "."), (".", " "), (",", "'"), (".", "")):
            cells = [f"{v:,f}".replace(",", "G").replace(".", mark).replace("G", group) for v in column]
            read = numbers_of(pl.Series(cells), None)
            assert not read.wrong, cells
            assert [decimal_of(text) for text in read.text] == column, cells


def test_a_column_of_returns_is_kept_refused_or_listed_and_never_dropped():
    for seed in range(200):
        rng = random.Random(seed)
        columns: dict[str, list[object]] = {}
        for i in range(rng.randint(1, 6)):
            kind = rng.choice(("numbers", "text", "words", "n/a", "count", "year", "dates", "empty", "bool"))
            n = 8
            columns[f"{kind}{i}"] = {
                "numbers": [rng.gauss(0, 0.01) for _ in range(n)],
                "text": [f"{rng.gauss(0, 0.01):.6f}" for _ in range(n)],
                "words": [rng.choice(("up", "down")) for _ in range(n)],
                "n/a": ["n/a", *(f"{rng.gauss(0, 0.01):.6f}" for _ in range(n - 1))],
                "count": list(range(n)),
                "year": list(range(2001, 2001 + n)),
                "dates": [f"2024-01-{d + 1:02d}" for d in range(n)],
                "empty": ["" for _ in range(n)],
                "bool": [True] * n,
            }[kind]
        said = Account("returns")
        table = Table(tuple(columns), tuple(pl.Series(k, v) for k, v in columns.items()), np.arange(1, 9), ".")
        try:
            kept = returns_of(table, said)
        except PortoptError as error:
            require_names(error, [name for name in columns if name.startswith(("words", "bool"))])
            continue
        assert not any(name.startswith(("words", "bool")) for name in columns), (seed, sorted(columns))
        for name in columns:
            told = any(repr(name) in note for note in said.notes)
            assert (name in kept) or told or name.startswith("dates"), (seed, name, said.notes)
            assert not (name in kept and name.startswith(("count", "year", "dates"))), (seed, name)


def test_the_names_are_found_below_any_titles():
    assert score_of_prices(["Date", "AAA"]) > score_of_prices(["Report", "AAA"])
    assert score_of_prices(["2024-01-02", "1"]) == 0
